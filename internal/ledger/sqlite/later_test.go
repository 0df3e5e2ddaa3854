package sqlite_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// An upgrade that went wrong could cost the only record of what was imported.
func TestOlderLedgerIsCopiedBeforeItIsUpgraded(t *testing.T) {
	t.Parallel()
	before, err := os.ReadFile(filepath.Join("testdata", "version-1", "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	// Reading does not upgrade it, because another process may still write it in its format.
	reader, err := sqlite.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := importsIn(t, reader)
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	// A process that was killed while it copied left a part.
	if err := os.WriteFile(path+".format-1.part", []byte("SQLite"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, path)
	if left, err := filepath.Glob(path + ".format-1.*"); len(left) != 0 {
		t.Errorf("beside the copy: %v, %v", left, err)
	}
	if got := importsIn(t, l.Reader); len(want) == 0 || cmp.Diff(want, got) != "" {
		t.Errorf("-before +after: %s", cmp.Diff(want, got))
	}
	info, err := os.Stat(l.Copy)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("copy %q: %v, %v; want a file for the user alone", l.Copy, info, err)
	}
	saved, err := sqlite.OpenReadOnly(t.Context(), l.Copy)
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	if diff := cmp.Diff(want, importsIn(t, saved)); diff != "" {
		t.Errorf("-before +copy: %s", diff)
	}
	if current, err := sqlite.OpenReadOnly(t.Context(), path); err != nil {
		t.Error(err)
	} else if err := current.Close(); err != nil {
		t.Error(err)
	}
}

func importsIn(t *testing.T, r *sqlite.Reader) (found []ledger.Import) {
	t.Helper()
	for i, err := range r.Imports(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, i)
	}
	return found
}

// A later command must not be taken for an import, and its outcomes must be counted.
func TestLaterCommandIsRecordedBesideItsImport(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	ctx := t.Context()
	first := importOf("a", 3)
	j, err := l.Begin(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(ctx, ledger.End{State: ledger.StateFinished, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	undo := importOf("b", 3)
	undo.Verb, undo.Of = "undo", []string{first.ID}
	if j, err = l.Begin(ctx, undo); err != nil {
		t.Fatal(err)
	}
	var records []ledger.Record
	for entry, o := range []ledger.Outcome{ledger.Changed, ledger.Kept, ledger.Failed} {
		records = append(records, ledger.Record{Place: ledger.Place{Entry: entry}, Outcome: o, Reason: string(o)})
	}
	if err := j.Record(ctx, records); err != nil {
		t.Fatal(err)
	}
	if got := importsIn(t, l.Reader); len(got) != 1 || got[0].ID != first.ID {
		t.Errorf("imports: %+v", got)
	}
	var later []ledger.Import
	for i, err := range l.LaterCommands(ctx, first.ID) {
		if err != nil {
			t.Fatal(err)
		}
		later = append(later, i)
	}
	want := ledger.Counts{Entries: 3, Changed: 1, Kept: 1, Failed: 1}
	if len(later) != 1 || later[0].Verb != "undo" || !slices.Equal(later[0].Of, undo.Of) || later[0].Counts != want || !later[0].Resumable() {
		t.Errorf("later commands: %+v", later)
	}
	for i, err := range l.LaterCommands(ctx, undo.ID) {
		t.Errorf("the command has a later command %+v, %v", i, err)
	}
}

// Without it, what existed before the import could be taken for what it created.
func TestBaselineOutlivesTheRunThatReadIt(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	ctx := t.Context()
	i := importOf("a", 200)
	j, err := l.Begin(ctx, i)
	if err != nil {
		t.Fatal(err)
	}
	keeper := j.(ledger.BaselineKeeper)
	if at, existed, err := keeper.Baseline(ctx); err != nil || !at.IsZero() || existed != nil {
		t.Fatalf("before it was read: %v, %v, %v", at, existed, err)
	}
	at, want := time.UnixMicro(1_790_000_000_000_000).UTC(), []ledger.Place{}
	for entry := range 123 {
		want = append(want, ledger.Place{Entry: entry})
	}
	if err := keeper.RecordBaseline(ctx, at, append(slices.Clone(want), ledger.Place{Entry: 200})); err == nil {
		t.Error("an entry outside of the import was taken")
	}
	if err := keeper.RecordBaseline(ctx, at, want); err != nil {
		t.Fatal(err)
	}
	if j, err = l.Resume(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	got, existed, err := j.(ledger.BaselineKeeper).Baseline(ctx)
	if err != nil || !got.Equal(at) || cmp.Diff(want, existed) != "" {
		t.Errorf("%v, %v, %s", got, err, cmp.Diff(want, existed))
	}
}
