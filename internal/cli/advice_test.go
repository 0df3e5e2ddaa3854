package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// A hint must not name a flag that does not exist.
func TestEveryFlagOfAnAdviceExists(t *testing.T) {
	t.Parallel()
	flag := regexp.MustCompile(`(?:thingpress ([a-z]+(?: [a-z]+)?) )?--([a-z][a-z-]*)`)
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
				named := c
				if match[1] != "" { // the advice names the command
					if named, _, err = c.Root().Find(strings.Fields(match[1])); err != nil {
						t.Fatal(err)
					}
				}
				if named.Flags().Lookup(match[2]) == nil {
					t.Errorf("%s has no flag --%s, which the advice for %s names: %s", named.CommandPath(), match[2], code, todo)
				}
			}
		}
		if found == 0 {
			t.Errorf("no advice for %s names a flag", c.CommandPath())
		}
	}
}
