package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// TestWorkedExamplesDoWhatTheySay runs every thingpress command of the pages about
// vendors and quotas in order. A command exits with 3 only if its page says so.
func TestWorkedExamplesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, about := range append(vendors.Names(), "quotas") {
		page := about + ".md"
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
				t.Fatal(err)
			}
			env := clitest.Environment(t)
			imports := 0
			for _, command := range consoleCommands(string(text)) {
				words := strings.Fields(strings.ReplaceAll(command.line, "'", ""))
				if words[0] != "thingpress" {
					continue
				}
				c := exec.Command(clitest.Program(t), words[1:]...)
				c.Dir, c.Env = dir, env
				out, _ := c.CombinedOutput() // the exit code is checked
				want := 0
				if strings.Contains(command.after, "xit code 3") {
					want = 3
				}
				if got := c.ProcessState.ExitCode(); got != want {
					t.Errorf("%s: %s\nexit code %d, want %d:\n%s", page, command.line, got, want, out)
				}
				if words[1] == "import" {
					imports++
				}
			}
			if imports == 0 {
				t.Errorf("%s imports nothing", page)
			}
		})
	}
}

type consoleCommand struct {
	line  string
	after string // the paragraph after its block
}

// consoleCommands returns the lines after "$ " in console blocks.
func consoleCommands(page string) (commands []consoleCommand) {
	blocks := strings.Split(page, "```console\n")
	for _, block := range blocks[1:] {
		code, rest, _ := strings.Cut(block, "```")
		after, _, _ := strings.Cut(strings.TrimSpace(rest), "\n\n")
		for line := range strings.Lines(code) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands = append(commands, consoleCommand{strings.TrimSpace(command), after})
			}
		}
	}
	return commands
}
