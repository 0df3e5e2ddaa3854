package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
)

// SQLite's WAL needs memory that all processes share, and machines share none.
func TestLedgerOnNetworkFileSystemIsOnlyRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err := acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	asked := ""
	_, err = openLocked(t.Context(), lock, func(path string) string {
		asked = path
		return "NFS"
	})
	var file *ledger.FileError
	if !errors.As(err, &file) || file.Reason != ledger.FileRemote || asked != lock.Path {
		t.Errorf("%v for %q, want a FileError of %s for %s", err, asked, ledger.FileRemote, lock.Path)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	r, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if name := remoteFileSystem(path); name != "" {
		t.Errorf("the temporary directory is on a network file system: %s", name)
	}
}
