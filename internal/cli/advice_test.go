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
	flag := regexp.MustCompile(`(?:thingpress ([a-z]+(?: [a-z]+)?) (?:IMPORT )?)?--([a-z][a-z-]*)`)
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

// An order that names no import has to be completed before it can be pasted, and one that names no stack looks for the
// import of a stack on the machine.
func TestEveryOrderOverAnImportNamesIt(t *testing.T) {
	t.Parallel()
	const id = "0199a3c1-0000-7000-8000-000000000000"
	order := regexp.MustCompile(`thingpress ([a-z]+)(?: --resume)? (?:IMPORT|` + id + `(.*))`)
	for _, of := range []advice.Import{{ID: id}, {ID: id, Ledger: "my ledger.db"}, {ID: id, Stack: "line-2"}} {
		where := map[bool]string{true: " --ledger 'my ledger.db'"}[of.Ledger != ""]
		if of.Stack != "" {
			where = " --stack line-2"
		}
		found := 0
		for _, code := range advice.Codes() {
			todo := of.For(code).Todo
			match := order.FindStringSubmatch(todo)
			switch {
			case match == nil && !strings.Contains(todo, "IMPORT"):
				continue
			case len(match) < 3 || !strings.HasPrefix(match[2], where):
				t.Errorf("%s in %+v: %s", code, of, todo)
				continue
			}
			found++
			c, _, err := newRoot(terminal.Streams{}).Find([]string{match[1]})
			if err != nil || of.Stack != "" && c.Flags().Lookup("stack") == nil {
				t.Errorf("%s is not a command of a stack, %v: %s", match[1], err, todo)
			}
		}
		if found < 10 {
			t.Errorf("only %d orders name %+v", found, of)
		}
	}
	command := advice.Import{ID: id, Command: "0199ffff", Stack: "line-2"}
	if todo := command.For("unanswered").Todo; !strings.HasSuffix(todo, "thingpress retry 0199ffff --stack line-2") {
		t.Errorf("%s", todo)
	}
}
