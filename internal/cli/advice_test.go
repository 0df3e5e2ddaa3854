package cli

import (
	"regexp"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// A hint must not name a flag that does not exist.
func TestEveryFlagOfAnAdviceExists(t *testing.T) {
	t.Parallel()
	flag := regexp.MustCompile(`--([a-z][a-z-]*)`)
	for surface, command := range map[advice.Surface][]string{
		advice.CLI: {"import"}, advice.Console: {"import"},
		advice.Stack: {"stack", "deploy"},
	} {
		c, _, err := newRoot(terminal.Streams{}).Find(command)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, code := range advice.Codes() {
			todo := advice.For(code, surface).Todo
			for _, match := range flag.FindAllStringSubmatch(todo, -1) {
				found++
				if c.Flags().Lookup(match[1]) == nil {
					t.Errorf("%s has no flag --%s, which the advice for %s names: %s", c.CommandPath(), match[1], code, todo)
				}
			}
		}
		if found == 0 {
			t.Errorf("no advice for %s names a flag", c.CommandPath())
		}
	}
}
