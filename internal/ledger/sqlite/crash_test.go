package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// writeUntilKilled is an environment variable with the path of a ledger. If it is set, the test
// binary writes to that ledger until it is killed.
const writeUntilKilled = "THINGPRESS_TEST_LEDGER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeUntilKilled); path != "" {
		fmt.Fprintln(os.Stderr, endlessWriter(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	crashEntries = 1_000_000
	crashGroup   = 7
)

// endlessWriter marks and records group after group. After each it prints how many entries were
// acknowledged.
func endlessWriter(path string) error {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	j, err := l.Begin(ctx, importOf("k", crashEntries))
	if err != nil {
		return err
	}
	for n := 0; n+crashGroup <= crashEntries; n += crashGroup {
		var marks []ledger.Mark
		var records []ledger.Record
		for e := n; e < n+crashGroup; e++ {
			marks = append(marks, ledger.Mark{Place: ledger.Place{Entry: e}, ThingName: "thing", At: time.Unix(int64(e), 0)})
			records = append(records, crashRecord(e))
		}
		if err := j.Mark(ctx, marks); err != nil {
			return err
		}
		if _, err := fmt.Println("marked", n+crashGroup); err != nil {
			return err
		}
		if err := j.Record(ctx, records); err != nil {
			return err
		}
		if _, err := fmt.Println("recorded", n+crashGroup); err != nil {
			return err
		}
	}
	return nil
}

func crashRecord(entry int) ledger.Record {
	return ledger.Record{
		Place: ledger.Place{Entry: entry}, Outcome: ledger.Imported, ThingName: "thing-" + strconv.Itoa(entry),
		Steps: []ledger.Step{{Operation: "CreateThing", Resource: strconv.Itoa(entry % 5000), Created: true}},
	}
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			marked, recorded := killedWriter(t, path, 1+rand.IntN(400))
			if marked == 0 {
				t.Fatal("the child was killed before it acknowledged anything")
			}

			l := open(t, path) // the lock ended with its holder
			i, err := l.Find(t.Context(), "k")
			if err != nil {
				t.Fatal(err)
			}
			entry := 0
			for r, err := range l.Records(t.Context(), i.ID) {
				if err != nil {
					t.Fatal(err)
				}
				want := crashRecord(entry)
				if r.Place != want.Place || r.ThingName != want.ThingName || len(r.Steps) != 1 || r.Steps[0] != want.Steps[0] {
					t.Fatalf("record %d is %+v", entry, r)
				}
				entry++
			}
			if entry < recorded || entry%crashGroup != 0 {
				t.Errorf("%d records, %d were acknowledged in groups of %d", entry, recorded, crashGroup)
			}
			if want := (ledger.Counts{Entries: crashEntries, Imported: entry}); i.Counts != want {
				t.Errorf("counts %+v, want %+v", i.Counts, want)
			}
			j, err := l.Resume(t.Context(), i.ID)
			if err != nil {
				t.Fatal(err)
			}
			last := entry - 1
			for m, err := range j.Marked(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if last++; m.Entry != last {
					t.Errorf("mark of entry %d, want %d", m.Entry, last)
				}
			}
			if last+1 < marked {
				t.Errorf("marks up to %d, %d were acknowledged", last+1, marked)
			}
		})
	}
}

// killedWriter runs a child until it has printed some lines, kills it, and returns how many
// entries were acknowledged.
func killedWriter(t *testing.T, path string, lines int) (marked, recorded int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), writeUntilKilled+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for n := 0; scanner.Scan(); n++ {
		var what string
		var count int
		if _, err := fmt.Sscan(scanner.Text(), &what, &count); err != nil {
			continue // the last line may be incomplete
		}
		switch what {
		case "marked":
			marked = count
		case "recorded":
			recorded = count
		}
		if n == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended before it was killed")
	}
	return marked, recorded
}
