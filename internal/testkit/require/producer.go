package require

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Producer returns the path of a program that writes files for decoders: the first of the names that is on
// PATH. If none is, the test ends as Missing with the first name.
func Producer(t testing.TB, names ...string) string {
	t.Helper()
	peer(t, names[0])
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, names[0], "PATH has none of "+strings.Join(names, ", ")+"; install it with the system's packages")
	return ""
}

// Python returns an interpreter of Python 3, whose standard library has archivers. If there is none, the test ends
// as Missing "python3".
func Python(t testing.TB) string {
	t.Helper()
	peer(t, "python3")
	return program(t, "python3", "--version", pythons(t)...)
}

// NRFCloudUtils returns the directory with the programs of Nordic's nrfcloud-utils. Without them the test ends as
// Missing "nrfcloud-utils".
func NRFCloudUtils(t testing.TB) string {
	t.Helper()
	peer(t, "nrfcloud-utils")
	dir := filepath.Join(Root(t), ".venv", "producers")
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		Missing(t, "nrfcloud-utils", err.Error()+"; `make producers` installs it")
	}
	return filepath.Join(dir, "bin")
}
