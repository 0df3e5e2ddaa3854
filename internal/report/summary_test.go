package report_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

func TestSummaryLineHasTheFieldsInTheirOrder(t *testing.T) {
	t.Parallel()
	ended := engine.Summary{
		Import: "0198", Counts: ledger.Counts{Entries: 21, Imported: 1, Unchanged: 2, Failed: 3, Rejected: 4, Skipped: 5}, Pending: 6,
		Took: 3 * time.Second, Worked: 5, Ceiling: 9.87654, Binding: "AttachPolicy",
		Tally:    call.Tally{Calls: map[string]int{"CreateThing": 2, "AttachPolicy": 1}, Throttled: 7, Retries: 8},
		Failures: []ledger.Reason{{Reason: "unanswered", Count: 3, Examples: []ledger.Record{{Detail: "too many", ThingName: "a"}}}},
	}
	full := report.SummaryOf(ended, []ledger.Manifest{{Name: "reel.csv"}})
	full.State, full.Target, full.Alias = ledger.StateStopped, ledger.Target{Partition: "aws", Account: "1", Region: "r"}, "factory"
	full.Rejections = report.RejectionsOf(map[manifest.Reason]int{"b": 1, "a": 1, "c": 2},
		func(r manifest.Reason) string { return "do " + string(r) })
	full.Error, full.Hint = "denied", "allow it"
	for _, test := range []struct {
		line report.Summary
		want string
	}{
		{full, `{"type":"summary","import":"0198","entries":21,"imported":1,"unchanged":2,"failed":3,"rejected":4,"skipped":5,"pending":6,` +
			`"seconds":3,"devices_per_second":1.667,"ceiling":9.877,"binding_quota":"AttachPolicy","calls":{"AttachPolicy":1,"CreateThing":2},` +
			`"throttled":7,"retries":8,"failures":[` +
			`{"reason":"unanswered","count":3,"example":"too many","thing_name":"a","todo":"run the same command again",` +
			`"examples":[{"manifest":"reel.csv","entry":0,"thing_name":"a","detail":"too many"}]}],` +
			`"state":"stopped","target":{"partition":"aws","account":"1","region":"r"},"alias":"factory",` +
			`"rejections":[{"reason":"c","count":2,"todo":"do c"},{"reason":"a","count":1,"todo":"do a"},{"reason":"b","count":1,"todo":"do b"}],` +
			`"error":"denied","hint":"allow it"}`},
		{report.SummaryOf(engine.Summary{Ceiling: math.Inf(1)}, nil), `{"type":"summary","import":"","entries":0,"imported":0,"unchanged":0,` +
			`"failed":0,"rejected":0,"skipped":0,"pending":0,"seconds":0,"devices_per_second":0,"ceiling":null,"binding_quota":"","calls":{},` +
			`"throttled":0,"retries":0,"state":"","target":{"partition":"","account":"","region":""}}`},
	} {
		got, err := json.Marshal(test.line)
		if err != nil || string(got) != test.want {
			t.Errorf("got  %s (%v)\nwant %s", got, err, test.want)
		}
	}
}

func TestBalanceTellsEveryCount(t *testing.T) {
	t.Parallel()
	counts := ledger.Counts{Entries: 1_000_015, Imported: 1_000_000, Unchanged: 1, Failed: 2, Rejected: 3, Skipped: 4}
	want := "1,000,015 entries = 1,000,000 imported + 1 unchanged + 2 failed + 3 rejected + 4 skipped + 5 pending"
	if got := report.Balance(counts, counts.Pending()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for what := range report.Outcomes(counts, 0) {
		if what != "imported" {
			t.Errorf("an iteration continues after a break with %s", what)
		}
		break
	}
}
