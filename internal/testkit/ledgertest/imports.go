package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

func importComesBack(t *testing.T, l ledger.Ledger) {
	i := newImport("k", 3, 4)
	begin(t, l, i)
	got, err := l.Import(context.Background(), i.ID)
	check(t, err)
	i.State = ledger.StateRunning
	i.Counts = ledger.Counts{Entries: 7}
	same(t, got, i)
	same(t, got.Counts.Pending(), 7)
}

func unknownImports(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 1)
	begin(t, l, i)
	other := newImport("other", 1)
	_, err := l.Import(ctx, other.ID)
	wantError(t, "Import", err, ledger.ErrNotFound)
	_, err = l.Find(ctx, other.Key)
	wantError(t, "Find", err, ledger.ErrNotFound)
	_, err = l.Resume(ctx, other.ID)
	wantError(t, "Resume", err, ledger.ErrNotFound)
	wantError(t, "Records", lastError(l.Records(ctx, other.ID)), ledger.ErrNotFound)
}

func secondImportOfOneID(t *testing.T, l ledger.Ledger) {
	i := newImport("k", 1)
	begin(t, l, i)
	again := i
	again.Key = "other"
	if _, err := l.Begin(context.Background(), again); err == nil {
		t.Fatal("Begin accepted an existing ID")
	}
	got, err := l.Import(context.Background(), i.ID)
	check(t, err)
	same(t, got.Key, "k")
}

func importsNewestFirst(t *testing.T, l ledger.Ledger) {
	var want []string
	for n := range 5 {
		i := newImport("k", 1)
		i.Begun = began.Add(time.Duration(n) * time.Minute)
		begin(t, l, i)
		want = append([]string{i.ID}, want...)
	}
	var got []string
	for _, i := range collect(t, l.Imports(context.Background())) {
		got = append(got, i.ID)
	}
	same(t, got, want)
}

func findReturnsTheNewest(t *testing.T, l ledger.Ledger) {
	older, newer, other := newImport("k", 1), newImport("k", 1), newImport("other", 1)
	newer.Begun = began.Add(time.Second)
	other.Begun = began.Add(time.Minute)
	begin(t, l, older)
	begin(t, l, newer)
	begin(t, l, other)
	got, err := l.Find(context.Background(), "k")
	check(t, err)
	same(t, got.ID, newer.ID)
}

func closeTellsTheEnd(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 1)
	j := begin(t, l, i)
	end := ledger.End{State: ledger.StateStopped, Cause: "access denied", At: began.Add(time.Hour)}
	check(t, j.Close(ctx, end))
	got, err := l.Import(ctx, i.ID)
	check(t, err)
	same(t, ledger.End{State: got.State, Cause: got.Cause, At: got.Ended}, end)
	same(t, got.Begun, i.Begun)
}

func resumeRunsAgain(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2)
	j := begin(t, l, i)
	check(t, j.Record(ctx, []ledger.Record{record(0, 0, ledger.Imported)}))
	check(t, j.Close(ctx, ledger.End{State: ledger.StateStopped, Cause: "denied", At: began}))
	j, err := l.Resume(ctx, i.ID)
	check(t, err)
	got, err := l.Import(ctx, i.ID)
	check(t, err)
	same(t, []string{string(got.State), got.Cause}, []string{string(ledger.StateRunning), ""})
	check(t, j.Record(ctx, []ledger.Record{record(0, 1, ledger.Failed)}))
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2, Imported: 1, Failed: 1})
	// A killed run never closed its journal.
	if _, err := l.Resume(ctx, i.ID); err != nil {
		t.Errorf("resume of an import that was not closed: %v", err)
	}
}

func closedJournal(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	i := newImport("k", 2)
	j := begin(t, l, i)
	end := ledger.End{State: ledger.StateFinished, At: began}
	check(t, j.Close(ctx, end))
	wantError(t, "Mark", j.Mark(ctx, []ledger.Mark{mark(0, 0, began)}), ledger.ErrClosed)
	wantError(t, "Record", j.Record(ctx, []ledger.Record{record(0, 0, ledger.Imported)}), ledger.ErrClosed)
	wantError(t, "Marked", lastError(j.Marked(ctx)), ledger.ErrClosed)
	wantError(t, "Close", j.Close(ctx, end), ledger.ErrClosed)
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: 2})
}

func importsDoNotMix(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	a, b := newImport("k", 2), newImport("k", 2)
	ja, jb := begin(t, l, a), begin(t, l, b)
	check(t, ja.Record(ctx, []ledger.Record{record(0, 0, ledger.Imported)}))
	check(t, jb.Record(ctx, []ledger.Record{record(0, 0, ledger.Failed), record(0, 1, ledger.Failed)}))
	check(t, ja.Mark(ctx, []ledger.Mark{mark(0, 1, began)}))
	same(t, counts(t, l, a.ID), ledger.Counts{Entries: 2, Imported: 1})
	same(t, counts(t, l, b.ID), ledger.Counts{Entries: 2, Failed: 2})
	same(t, len(collect(t, l.Records(ctx, a.ID))), 1)
	same(t, len(collect(t, ja.Marked(ctx))), 1)
	same(t, len(collect(t, jb.Marked(ctx))), 0)
}
