package dynamodb_test

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

func recordsPerCall(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, j := dynamodbtest.Begin(t, l, 300)
	check(t, j.Mark(t.Context(), []ledger.Mark{{Place: ledger.Place{Entry: 5}, At: dynamodbtest.Began}}))
	p.Reset()
	records := dynamodbtest.ImportedFrom(0, 250)
	check(t, j.Record(t.Context(), records))
	same(t, p.Calls, map[string]int{"TransactWriteItems": 3})
	// One transaction and one read for each group show that nothing changes.
	p.Reset()
	check(t, j.Record(t.Context(), records))
	same(t, p.Calls, map[string]int{"TransactWriteItems": 3, "BatchGetItem": 3})
	counts, err := l.Counts(t.Context(), id)
	check(t, err)
	same(t, counts, ledger.Counts{Entries: 300, Imported: 250})
	p.Reset()
	_, err = l.Resume(t.Context(), id)
	check(t, err)
	same(t, p.Calls, map[string]int{"UpdateItem": 1})
}

// Ninety-nine of these exceed the 4 MB of a transaction.
func largeRecords(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, j := dynamodbtest.Begin(t, l, 99)
	long := strings.Repeat("x", 1<<20)
	var records []ledger.Record
	for n := range 99 {
		records = append(records, ledger.Record{
			Place: ledger.Place{Entry: n}, Outcome: ledger.Rejected, ID: long, ThingName: long, Reason: "name", Detail: strings.Repeat("ü", 1<<20),
		})
	}
	p.Reset()
	check(t, j.Record(t.Context(), records))
	if n := p.Calls["TransactWriteItems"]; n < 2 {
		t.Errorf("%d transactions", n)
	}
	seen := 0
	for r, err := range l.Records(t.Context(), id) {
		check(t, err)
		seen++
		if len(r.Detail) > 33<<10 || !strings.HasSuffix(r.Detail, "ü…") {
			t.Fatalf("detail of %d bytes", len(r.Detail))
		}
	}
	same(t, seen, 99)
}

func lostAnswer(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, j := dynamodbtest.Begin(t, l, 3)
	p.Reset()
	var lose atomic.Bool
	p.After = func(string) error {
		if lose.CompareAndSwap(true, false) {
			return dynamodbtest.ErrLost
		}
		return nil
	}
	lose.Store(true)
	check(t, j.Record(t.Context(), dynamodbtest.ImportedFrom(0, 3)))
	same(t, p.Calls, map[string]int{"TransactWriteItems": 2})
	same(t, p.Tokens[0], p.Tokens[1])
	counts, err := l.Counts(t.Context(), id)
	check(t, err)
	same(t, counts, ledger.Counts{Entries: 3, Imported: 3})
}

func expiredMeanwhile(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, j := dynamodbtest.Begin(t, l, 1)
	failed := dynamodbtest.Imported(0)
	failed.Outcome = ledger.Failed
	check(t, j.Record(t.Context(), []ledger.Record{failed}))
	p.After = func(operation string) error {
		if operation != "BatchGetItem" || p.Calls[operation] > 1 {
			return nil
		}
		for _, i := range x.Items(t, "entry#") {
			_, err := x.Client.DeleteItem(t.Context(),
				&sdk.DeleteItemInput{TableName: &x.Name, Key: dynamodbtest.Item{"pk": i["pk"], "sk": i["sk"]}})
			check(t, err)
		}
		return nil
	}
	check(t, j.Record(t.Context(), []ledger.Record{dynamodbtest.Imported(0)}))
	found, err := l.Outcomes(t.Context(), id, []int{0})
	check(t, err)
	same(t, found, map[int]ledger.Record{0: dynamodbtest.Imported(0)})
}

// Names of rejected entries may contain any bytes.
func notUTF8(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	l := through(x, p)
	id, j := dynamodbtest.Begin(t, l, 1)
	r := ledger.Record{Outcome: ledger.Rejected, ID: "a\xff", ThingName: "\xc3\x28", Detail: "name \xfe", At: dynamodbtest.Began}
	check(t, j.Record(t.Context(), []ledger.Record{r}))
	p.Reset()
	check(t, j.Record(t.Context(), []ledger.Record{r}))
	same(t, p.Calls, map[string]int{"TransactWriteItems": 1, "BatchGetItem": 1})
	found, err := l.Outcomes(t.Context(), id, []int{0})
	check(t, err)
	r.ID, r.ThingName, r.Detail = "a\uFFFD", "\uFFFD(", "name \uFFFD"
	same(t, found, map[int]ledger.Record{0: r})
}

func outcomesOfEntries(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, dynamodb.Options{})
	id, j := dynamodbtest.Begin(t, l, 10_000)
	check(t, j.Mark(t.Context(), []ledger.Mark{{Place: ledger.Place{Entry: 3}, At: dynamodbtest.Began}}))
	want := map[int]ledger.Record{}
	var asked []int
	for _, first := range []int{0, 4090, 8190} { // on both sides of blocks
		records := dynamodbtest.ImportedFrom(first, 60)
		check(t, j.Record(t.Context(), records[10:]))
		for _, r := range records[10:] {
			want[r.Entry] = r
		}
		for _, r := range records {
			asked = append(asked, r.Entry, r.Entry)
		}
	}
	found, err := l.Outcomes(t.Context(), id, asked)
	check(t, err)
	same(t, found, want)
	var order []int
	for r, err := range l.Records(t.Context(), id) {
		check(t, err)
		order = append(order, r.Entry)
	}
	entries := slices.Sorted(maps.Keys(want))
	same(t, order, entries)
	for _, from := range []int{0, 9, 4100, 4101, 8192, 8300, 9999} {
		order = nil
		for r, err := range l.RecordsFrom(t.Context(), id, ledger.Place{Entry: from}) {
			check(t, err)
			order = append(order, r.Entry)
		}
		first, _ := slices.BinarySearch(entries, from)
		same(t, order, entries[first:])
	}
}

// Two functions have the same message. The slower one finds what the other one created, and may
// fail because of it.
func lateFailure(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, dynamodb.Options{Settled: true})
	id, j := dynamodbtest.Begin(t, l, 4)
	first := dynamodbtest.ImportedFrom(0, 2)
	first = append(first, ledger.Record{
		Place: ledger.Place{Entry: 2}, Outcome: ledger.Failed, Reason: "undeliverable",
		At: dynamodbtest.Began,
	})
	check(t, j.Record(t.Context(), first))
	late := []ledger.Record{
		{Place: ledger.Place{Entry: 0}, Outcome: ledger.Failed, Reason: "undeliverable", At: dynamodbtest.Began},
		{Place: ledger.Place{Entry: 1}, Outcome: ledger.Unchanged, At: dynamodbtest.Began},
		{Place: ledger.Place{Entry: 2}, Outcome: ledger.Imported, At: dynamodbtest.Began},
		{Place: ledger.Place{Entry: 3}, Outcome: ledger.Failed, Reason: "conflict", At: dynamodbtest.Began},
	}
	check(t, j.Record(t.Context(), late))
	counts, err := l.Counts(t.Context(), id)
	check(t, err)
	same(t, counts, ledger.Counts{Entries: 4, Imported: 2, Unchanged: 1, Failed: 1})
	found, err := l.Outcomes(t.Context(), id, []int{0, 1, 2, 3})
	check(t, err)
	for entry, want := range []ledger.Outcome{ledger.Imported, ledger.Unchanged, ledger.Imported, ledger.Failed} {
		same(t, found[entry].Outcome, want)
	}
}
