package imports

import (
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
)

// Version 0.1.0 had a ledger for each spelling of an endpoint. An import that it began must
// be found until it is done, and not after that.
func TestLedgerOfAnotherSpellingIsUsedWhileItHasAnImportToResume(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	ctx, o := t.Context(), &importOptions{}
	to := ledger.Target{Partition: "aws", Account: "123456789012", Region: "us-east-1", Endpoint: "http://127.0.0.1:5000"}
	spelled := to
	spelled.Endpoint += "/"
	connection := &target.Connection{Target: to, Spelled: spelled}
	ours, err := sqlite.DefaultPath(to)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := sqlite.DefaultPath(spelled)
	if err != nil || theirs == ours {
		t.Fatalf("%s: %v", theirs, err)
	}
	expect := func(when, want string) {
		t.Helper()
		if got, err := o.ledgerPath(ctx, connection); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", when, got, err, want)
		}
	}
	expect("without an older ledger", ours)

	book, err := sqlite.Open(ctx, theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	other := spelled
	other.Endpoint += "other"
	if _, err := book.Begin(ctx, ledger.Import{ID: "1", Key: "other", Target: other, Begun: time.Now()}); err != nil {
		t.Fatal(err)
	}
	expect("with an import into another target", ours)
	journal, err := book.Begin(ctx, ledger.Import{ID: "2", Key: "spelled", Target: spelled, Begun: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	expect("with an import to resume", theirs)
	found, err := previousOf(ctx, book, []string{"normal", "spelled"}, nil, false)
	if err != nil || found == nil || found.ID != "2" {
		t.Errorf("the import to resume is %+v, %v", found, err)
	}
	if err := journal.Close(ctx, ledger.End{State: ledger.StateFinished, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	expect("with a finished import", ours)
}
