package imports_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// The ledger records the flags of the import. Without them --resume would find another
// import.
func TestResumeByIDAloneRepeatsManifestsAndFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(path, []byte("MAC,cn,cert\n4BA2BB8764BD,sensor-1,rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := clitest.Environment(t)
	first, code := clitest.Import(t, env, "--sandbox", "--policy", "p", "--thing-name", "x-{mac}", path)
	if code != 3 {
		t.Fatalf("exit code %d, %+v", code, first)
	}
	again, code := clitest.Import(t, env, "--sandbox", "--resume", first.Import)
	if code != 3 || again.Import != first.Import || again.Rejected != 1 {
		t.Errorf("exit code %d, %+v", code, again)
	}
}
