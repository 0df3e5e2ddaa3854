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
	tally.Add(ledger.Record{Outcome: ledger.Failed, Reason: "limit", Detail: "later", ThingName: "b"}) // one more than is kept
	later := ledger.Record{Outcome: ledger.Failed, Reason: "limit", Detail: "later", ThingName: "b"}
	twice := func(o ledger.Outcome, reason string) ledger.Reason {
		r := ledger.Record{Outcome: o, Reason: reason}
		return ledger.Reason{Outcome: o, Reason: reason, Count: 2, Examples: []ledger.Record{r, r}}
	}
	want := []ledger.Reason{
		{Outcome: ledger.Failed, Reason: "limit", Count: 4, Examples: []ledger.Record{first, later, later}},
		twice(ledger.Failed, "denied"), twice(ledger.Failed, "syntax"), twice(ledger.Rejected, "syntax"),
	}
	if diff := cmp.Diff(want, tally.Reasons()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n, none := tally.Count(ledger.Failed, "limit"), tally.Count(ledger.Rejected, "limit"); n != 4 || none != 0 {
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
