package journal

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// In a directory where others may write, a link must not make the sandbox overwrite another file.
func TestNewJournalDoesNotFollowALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "state.new"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip(err) // it needs a privilege there
		}
		t.Fatal(err)
	}
	if err := writeNew(path, func(func([]byte, error) bool) {}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(other); err != nil || string(got) != "precious" {
		t.Errorf("%q, %v", got, err)
	}
}
