package sqlite

import (
	"path/filepath"
	"testing"
)

// On macOS, data that fsync acknowledged may still be lost with the power. SQLite needs to be told to
// wait for the disk, https://sqlite.org/pragma.html#pragma_fullfsync.
func TestLedgerWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, pragma := range []string{"fullfsync", "checkpoint_fullfsync"} {
		var on int
		if err := l.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&on); err != nil || on != 1 {
			t.Errorf("%s is %d: %v", pragma, on, err)
		}
	}
}
