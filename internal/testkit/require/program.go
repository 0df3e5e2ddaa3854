package require

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// probeLimit bounds one start of a program that only prints its version. An
// interpreter on a busy machine takes seconds.
const probeLimit = 60 * time.Second

// venv is where `make venv` installs Python programs, below the module's root.
const venv = ".venv/moto/bin"

// pythons lists the interpreters to try, in order of preference.
func pythons(t testing.TB) []string {
	t.Helper()
	return []string{filepath.Join(Root(t), venv, "python"), "python3"}
}

// program returns the first candidate that runs with the argument probe. Existence
// is not enough: a version manager's shim is on PATH even if it has nothing to
// start.
func program(t testing.TB, what, probe string, candidates ...string) string {
	t.Helper()
	var tried []string
	for _, candidate := range candidates {
		path, err := exec.LookPath(candidate)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), probeLimit)
		out, err := exec.CommandContext(ctx, path, probe).CombinedOutput()
		cancel()
		if err == nil {
			return path
		}
		tried = append(tried, fmt.Sprintf("%s %s: %v: %s", path, probe, err, lastLine(out)))
	}
	Missing(t, what, strings.Join(tried, "; ")+"; `make venv` installs it")
	return ""
}

// lastLine returns the last line of a program's output that is not blank. Python
// and most other programs put the cause there.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// clean returns the environment without the variables that would lead a Python
// program to another installation or account.
func clean() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AWS_") && !strings.HasPrefix(v, "PYTHON") && !strings.HasPrefix(v, "MOTO_") {
			env = append(env, v)
		}
	}
	return env
}
