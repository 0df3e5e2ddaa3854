package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/testkit/ledgertest"
)

func TestLedgerConforms(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		return open(t, filepath.Join(t.TempDir(), "ledger.db"))
	})
}

// The SQLite ledger promises more than the interface: an iteration sees the ledger as it was at
// its beginning, whatever is written in the meantime.
func TestIterationSeesTheMomentItBegan(t *testing.T) {
	t.Parallel()
	const entries = 400
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	j, err := l.Begin(t.Context(), importOf("k", entries))
	if err != nil {
		t.Fatal(err)
	}
	records := make([]ledger.Record, entries/2, entries)
	for n := range records {
		records[n] = ledger.Record{Place: ledger.Place{Entry: n}, Outcome: ledger.Failed}
	}
	if err := j.Record(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for r, err := range l.Records(t.Context(), "id-k") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome != ledger.Failed {
			t.Errorf("entry %d is %q, which was recorded later", r.Entry, r.Outcome)
		}
		if seen++; seen == 1 {
			for n := range records {
				records[n].Outcome = ledger.Imported
			}
			more := ledger.Record{Place: ledger.Place{Entry: entries - 1}, Outcome: ledger.Imported}
			if err := j.Record(t.Context(), append(records, more)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if seen != entries/2 {
		t.Errorf("%d records, want the first %d", seen, entries/2)
	}
}

// open opens a ledger and closes it at the end of the test.
func open(t *testing.T, path string) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
