package ledgertest

import (
	"context"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
)

func allOrNothing(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 200)
	j := begin(t, l, i)
	var records []ledger.Record
	for n := range 150 {
		records = append(records, record(0, n, ledger.Imported, ledger.Step{Operation: "CreateThing"}))
	}
	if err := j.Record(ctx, append(records, record(0, 150, "lost"))); err == nil {
		t.Error("a record without a known outcome was accepted")
	}
	same(t, len(collect(t, l.Records(ctx, i.ID))), 0)
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 200})
	// A failure must not spoil the next call.
	check(t, j.Record(ctx, records))
	same(t, collect(t, l.Records(ctx, i.ID)), records)
}

func outsidePlaces(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2, 1)
	j := begin(t, l, i)
	for _, place := range []ledger.Place{{Manifest: 0, Entry: 2}, {Manifest: 1, Entry: 1}, {Manifest: 2}, {Manifest: -1}, {Entry: -1}} {
		if err := j.Record(ctx, []ledger.Record{record(place.Manifest, place.Entry, ledger.Imported)}); err == nil {
			t.Errorf("a record at %+v was accepted", place)
		}
		if err := j.Mark(ctx, []ledger.Mark{mark(place.Manifest, place.Entry, began)}); err == nil {
			t.Errorf("a mark at %+v was accepted", place)
		}
	}
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 3})
	same(t, len(collect(t, j.Marked(ctx))), 0)
}

func emptyCalls(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k")
	j := begin(t, l, i)
	check(t, j.Mark(ctx, nil))
	check(t, j.Record(ctx, nil))
	same(t, len(collect(t, j.Marked(ctx))), 0)
	same(t, len(collect(t, l.Records(ctx, i.ID))), 0)
	for _, state := range []ledger.State{"", ledger.StateRunning, "over"} {
		if err := j.Close(ctx, ledger.End{State: state, At: began}); err == nil {
			t.Errorf("an import ended in state %q", state)
		}
	}
	check(t, j.Close(ctx, ledger.End{State: ledger.StateFinished, At: began}))
}

// An abandoned iteration must not hold what the next call needs.
func leaveEarly(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 10)
	j := begin(t, l, i)
	for n := range 10 {
		check(t, j.Record(ctx, []ledger.Record{record(0, n, ledger.Imported)}))
		for range 5 {
			for _, err := range l.Records(ctx, i.ID) {
				check(t, err)
				break
			}
			for _, err := range l.Imports(ctx) {
				check(t, err)
				break
			}
			for _, err := range j.Marked(ctx) {
				check(t, err)
				break
			}
		}
	}
}

// While records are written, readers must see everything that was there before
// exactly once, and counters must never include half a call.
func writingMeanwhile(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 400)
	j := begin(t, l, i)
	var records []ledger.Record
	for n := range 200 {
		records = append(records, record(0, n, ledger.Failed))
	}
	check(t, j.Record(ctx, records))
	seen := map[int]bool{}
	for r, err := range l.Records(ctx, i.ID) {
		check(t, err)
		if seen[r.Entry] {
			t.Errorf("entry %d was returned twice", r.Entry)
		}
		if r.Outcome != ledger.Failed && r.Outcome != ledger.Imported {
			t.Errorf("entry %d has outcome %q", r.Entry, r.Outcome)
		}
		seen[r.Entry] = true
		if len(seen) == 1 {
			for n := range records {
				records[n].Outcome = ledger.Imported
			}
			check(t, j.Record(ctx, append(records, record(0, 300, ledger.Imported))))
			same(t, counts(t, l, i.ID), ledger.Counts{Entries: 400, Imported: 201})
		}
	}
	for n := range 200 {
		if !seen[n] {
			t.Errorf("entry %d is missing", n)
		}
	}
}

func endedContext(t *testing.T, l ledger.Ledger) {
	i := newImport("k", 1)
	j := begin(t, l, i)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantError(t, "Record", j.Record(ctx, []ledger.Record{record(0, 0, ledger.Imported)}), context.Canceled)
	wantError(t, "Mark", j.Mark(ctx, []ledger.Mark{mark(0, 0, began)}), context.Canceled)
	wantError(t, "Records", lastError(l.Records(ctx, i.ID)), context.Canceled)
	_, err := l.Begin(ctx, newImport("k", 1))
	wantError(t, "Begin", err, context.Canceled)
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 1})
}
