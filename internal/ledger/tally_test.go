package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
)

func TestTallyListsReasonsMostFrequentFirst(t *testing.T) {
	t.Parallel()
	var tally ledger.Tally
	if list := tally.Reasons(); len(list) > 0 {
		t.Errorf("before anything was added: %v", list)
	}
	first := ledger.Record{Place: ledger.Place{Entry: 3}, Outcome: ledger.Failed, Reason: "limit", Detail: "too many", ThingName: "a"}
	withSteps := first
	withSteps.Steps = []ledger.Step{{Operation: "CreateThing"}}
	tally.Add(withSteps)
	for range 2 {
		tally.Add(ledger.Record{Outcome: ledger.Rejected, Reason: "syntax"})
		tally.Add(ledger.Record{Outcome: ledger.Failed, Reason: "denied"})
		tally.Add(ledger.Record{Outcome: ledger.Failed, Reason: "limit", Detail: "later", ThingName: "b"})
		tally.Add(ledger.Record{Outcome: ledger.Failed, Reason: "syntax"})
		tally.Add(ledger.Record{Outcome: ledger.Imported})
	}
	want := []ledger.Reason{
		{Outcome: ledger.Failed, Reason: "limit", Count: 3, Example: first},
		{Outcome: ledger.Failed, Reason: "denied", Count: 2, Example: ledger.Record{Outcome: ledger.Failed, Reason: "denied"}},
		{Outcome: ledger.Failed, Reason: "syntax", Count: 2, Example: ledger.Record{Outcome: ledger.Failed, Reason: "syntax"}},
		{Outcome: ledger.Rejected, Reason: "syntax", Count: 2, Example: ledger.Record{Outcome: ledger.Rejected, Reason: "syntax"}},
	}
	if diff := cmp.Diff(want, tally.Reasons()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n, none := tally.Count(ledger.Failed, "limit"), tally.Count(ledger.Rejected, "limit"); n != 3 || none != 0 {
		t.Errorf("limit: %d failed, %d rejected", n, none)
	}
}

func TestByCountDoesNotDependOnTheOrderOfAMap(t *testing.T) {
	t.Parallel()
	got := ledger.ByCount(map[string]int{"b": 2, "a": 2, "c": 9, "d": 1})
	if diff := cmp.Diff([]string{"c", "a", "b", "d"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
