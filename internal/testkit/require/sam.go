package require

import (
	"os"
	"path/filepath"
	"testing"
)

// SAM returns the path of a program that `make sam` installs: sam, cfn-lint, or
// the python with aws-sam-translator. Without it the test ends as Missing "sam".
func SAM(t testing.TB, name string) string {
	t.Helper()
	peer(t, "sam")
	dir := filepath.Join(Root(t), ".venv", "sam")
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		Missing(t, "sam", err.Error()+"; `make sam` installs it")
	}
	return filepath.Join(dir, "bin", name)
}
