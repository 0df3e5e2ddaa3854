package imports_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// TestSecondImportOnALedgerDoesNotStart checks that two imports cannot work on the same
// entries: the second one names the process of the first and calls nothing.
func TestSecondImportOnALedgerDoesNotStart(t *testing.T) {
	t.Parallel()
	book := filepath.Join(t.TempDir(), "ledger.db")
	held, err := sqlite.Open(t.Context(), book)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	manifest := clitest.Generate(t, "espressif", 3)
	c := exec.Command(clitest.Program(t), "import", "--sandbox", "--ledger", book, "--policy", "p", manifest)
	c.Env = clitest.Environment(t)
	out, _ := c.CombinedOutput() // the exit code is checked
	if code := c.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"held by process ", "wait until it has ended"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not printed: %s", want, out)
		}
	}
	if strings.Contains(string(out), "created in the sandbox") {
		t.Errorf("it continued: %s", out)
	}
}
