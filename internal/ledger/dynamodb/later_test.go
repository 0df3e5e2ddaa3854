package dynamodb_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// A command that is listed as an import would be undone itself, and one whose outcomes have no counter
// would never add up.
func laterCommand(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, dynamodb.Options{Settled: true})
	ctx := t.Context()
	first, _ := dynamodbtest.Begin(t, l, 3)
	of, err := l.Import(ctx, first)
	check(t, err)
	undo := ledger.Import{
		ID: uuid.Must(uuid.NewV7()).String(), Key: "undo", Verb: "undo", Of: []string{first}, Target: of.Target, Manifests: of.Manifests,
		Begun: dynamodbtest.Began,
	}
	j, err := l.Begin(ctx, undo)
	check(t, err)
	var records []ledger.Record
	for entry, o := range []ledger.Outcome{ledger.Changed, ledger.Kept, ledger.Failed} {
		records = append(records, ledger.Record{Place: ledger.Place{Entry: entry}, Outcome: o, Reason: string(o), At: dynamodbtest.Began})
	}
	check(t, j.Record(ctx, records))
	for i, err := range l.Imports(ctx) {
		check(t, err)
		if i.ID != first {
			t.Errorf("%s is listed as an import", i.ID)
		}
	}
	var later []ledger.Import
	for i, err := range l.LaterCommands(ctx, first) {
		check(t, err)
		later = append(later, i)
	}
	want := ledger.Counts{Entries: 3, Changed: 1, Kept: 1, Failed: 1}
	if len(later) != 1 || later[0].Verb != "undo" || !slices.Equal(later[0].Of, undo.Of) || later[0].Counts != want || !later[0].Resumable() {
		t.Errorf("later commands: %+v", later)
	}
	for i, err := range l.LaterCommands(ctx, undo.ID) {
		t.Errorf("the command has a later command %+v, %v", i, err)
	}
	// Something that was kept may be removed in a later run, also where outcomes that stand are not replaced.
	records[1].Outcome, records[1].Reason, records[0].Outcome = ledger.Changed, "", ledger.Failed
	check(t, j.Record(ctx, records[:2]))
	if found, err := l.Import(ctx, undo.ID); err != nil || found.Counts != (ledger.Counts{Entries: 3, Changed: 2, Failed: 1}) {
		t.Errorf("%+v, %v", found.Counts, err)
	}
}
