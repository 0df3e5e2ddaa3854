package imports_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// The config file sets the target and the flags of an import that then fails. The printed line must
// find the import again, also after the file has got other attachments, and the same values on the
// command line must mean the same import.
func TestResumptionDoesNotDependOnTheConfigFile(t *testing.T) {
	t.Parallel()
	home, state := t.TempDir(), filepath.Join(t.TempDir(), "my state")
	file := filepath.Join(home, "thingpress", "config.toml")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(path, thingType string) {
		t.Helper()
		text := fmt.Sprintf("thing-type = %q\n[targets.rehearsal]\npolicy = [\"p\", \"q\"]\nsandbox = true\nsandbox-state = %q\n"+
			"[targets.other]\nsandbox = true\npolicy = \"else\"\n", thingType, state)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := append(clitest.Environment(t), "XDG_CONFIG_HOME="+home)
	manifest := filepath.Join(require.Root(t), "examples", "espressif.csv")
	imported := func(env []string, args ...string) (output string, code int) {
		t.Helper()
		c := exec.CommandContext(t.Context(), clitest.Program(t), append([]string{"import"}, args...)...)
		c.Env = env
		out, err := c.CombinedOutput()
		if code = c.ProcessState.ExitCode(); err != nil && code < 0 {
			t.Fatal(err)
		}
		return string(out), code
	}

	write(file, "old")
	if out, code := imported(env, "--target", "rehearsal", manifest); code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	write(file, "new")
	failed, code := imported(env, "--target", "rehearsal", manifest)
	line := resumeLine(t, failed)
	if code != 3 || len(line) != 4 || line[2] != "--target" || line[3] != "rehearsal" {
		t.Fatalf("exit code %d, %q: %s", code, line, failed)
	}
	resumes := func(out string, code int) {
		t.Helper()
		if code != 3 || !strings.Contains(out, "resuming import "+line[1]) {
			t.Errorf("exit code %d, %s", code, out)
		}
	}
	resumes(imported(env, line...))
	flags := []string{"--sandbox", "--sandbox-state", state, "--policy", "p", "--policy", "q", "--thing-type", "new", manifest}
	resumes(imported(env, append(flags, "--config", "")...))
	write(file, "third")
	resumes(imported(env, line...))

	// A variable may be missing where the line is pasted, so the line names the target and the file.
	elsewhere := filepath.Join(home, "other.toml")
	write(elsewhere, "new")
	out, code := imported(append(env, "THINGPRESS_CONFIG="+elsewhere, "THINGPRESS_TARGET=rehearsal"), manifest)
	resumes(out, code)
	line = resumeLine(t, out)
	if want := []string{"--config", elsewhere, "--target", "rehearsal"}; strings.Join(line[2:], " ") != strings.Join(want, " ") {
		t.Errorf("%q, want %q", line, want)
	}
	resumes(imported(env, line...))

	// Without a config file, the line has everything.
	out, _ = imported(env, flags...)
	if want := "--sandbox-state '" + state + "' --sandbox\n"; !strings.Contains(out, want) {
		t.Errorf("%s has no %q", out, want)
	}
}

// resumeLine returns the arguments of the command line that an import printed.
func resumeLine(t *testing.T, output string) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^to resume: thingpress import (.*)$`).FindStringSubmatch(output)
	if found == nil {
		t.Fatalf("no line to resume: %s", output)
	}
	return strings.Fields(found[1])
}
