package imports_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// An operator waits in vain for an import that is shown as running and whose process is dead.
func TestKilledImportIsNotShownAsRunning(t *testing.T) {
	t.Parallel()
	env, book := clitest.Environment(t), filepath.Join(t.TempDir(), "ledger.db")
	states := func() (states []string) {
		c := exec.Command(clitest.Program(t), "imports", "--ledger", book, "--output", "json")
		c.Env = env
		out, err := c.Output()
		if err != nil {
			return nil // there is no ledger yet
		}
		for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
			var line struct{ State, Cause string }
			if err := d.Decode(&line); err != nil {
				t.Fatal(err)
			}
			states = append(states, line.State+" "+line.Cause)
		}
		return states
	}
	c := exec.Command(clitest.Program(t), "import", "--sandbox", "--policy", "p", "--quota", "AttachPolicy=1", "--ledger", book,
		clitest.Generate(t, "espressif", 600))
	c.Env = env
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for len(states()) == 0 {
		runtime.Gosched()
	}
	if diff := cmp.Diff([]string{"running "}, states()); diff != "" {
		t.Error(diff)
	}
	_ = c.Process.Kill()
	_ = c.Wait() // it was killed
	killed := []string{"interrupted the process was killed"}
	if diff := cmp.Diff(killed, states()); diff != "" {
		t.Error(diff)
	}
	// While another import runs in the ledger, only that one is shown as running.
	l, err := sqlite.Open(t.Context(), book)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(t.Context(), ledger.Import{ID: "other", Key: "other", Begun: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{"running "}, killed...), states()); diff != "" {
		t.Error(diff)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// An undo that was killed must not look as if it were running for ever.
func TestKilledLaterCommandIsInterrupted(t *testing.T) {
	t.Parallel()
	env, book := clitest.Environment(t), filepath.Join(t.TempDir(), "ledger.db")
	s, _ := clitest.Import(t, env, "--sandbox", "--policy", "p", "--ledger", book, clitest.Generate(t, "espressif", 1))
	l, err := sqlite.Open(t.Context(), book)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(t.Context(), ledger.Import{
		ID: "0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d", Key: "k", Verb: "undo",
		Of: []string{s.Import},
	}); err != nil {
		t.Fatal(err)
	}
	wants(t, env, 0, []string{"later       undo, begun", ": running"}, "show", s.Import, "--ledger", book)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wants(t, env, 0, []string{"later       undo, begun", ": interrupted"}, "show", s.Import, "--ledger", book)
}
