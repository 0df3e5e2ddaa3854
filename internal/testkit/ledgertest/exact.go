package ledgertest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/ledger"
)

func manyAtOnce(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	const workers, each = 8, 60
	i := newImport("k", workers*each)
	j := begin(t, l, i)
	errs := make(chan error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for n := range each {
				entry := n*workers + w
				err := j.Mark(ctx, []ledger.Mark{mark(0, entry, began)})
				if err == nil {
					err = j.Record(ctx, []ledger.Record{record(0, entry, ledger.Imported), record(0, entry/2, ledger.Imported)})
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	same(t, counts(t, l, i.ID), ledger.Counts{Entries: workers * each, Imported: workers * each})
	same(t, len(collect(t, l.Records(ctx, i.ID))), workers*each)
}

// countsEqualRecount writes random outcomes and compares the counts with a plain map.
func countsEqualRecount(t *testing.T, l ledger.Ledger) {
	ctx := context.Background()
	all := []ledger.Outcome{ledger.Imported, ledger.Unchanged, ledger.Failed, ledger.Rejected, ledger.Skipped}
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		number++
		i := newImport(fmt.Sprint("k", number), 40, 30)
		j := begin(t, l, i)
		outcomes := map[ledger.Place]ledger.Outcome{}
		marked := map[ledger.Place]bool{}
		place := func() ledger.Place {
			manifest := rapid.IntRange(0, 1).Draw(rt, "manifest")
			return ledger.Place{Manifest: manifest, Entry: rapid.IntRange(0, 29+10*(1-manifest)).Draw(rt, "entry")}
		}
		for range rapid.IntRange(1, 5).Draw(rt, "calls") {
			if rapid.Bool().Draw(rt, "mark") {
				p := place()
				check(t, j.Mark(ctx, []ledger.Mark{{Place: p, At: began}}))
				marked[p] = true
				continue
			}
			var records []ledger.Record
			for range rapid.IntRange(0, 70).Draw(rt, "records") {
				p, o := place(), rapid.SampledFrom(all).Draw(rt, "outcome")
				records = append(records, ledger.Record{Place: p, Outcome: o})
				outcomes[p] = o
				delete(marked, p)
			}
			check(t, j.Record(ctx, records))
		}
		want := ledger.Counts{Entries: 70}
		for _, o := range outcomes {
			want.Add(o, 1)
		}
		recount := ledger.Counts{Entries: 70}
		for _, r := range collect(t, l.Records(ctx, i.ID)) {
			recount.Add(r.Outcome, 1)
		}
		same(t, counts(t, l, i.ID), want)
		same(t, recount, want)
		same(t, len(collect(t, j.Marked(ctx))), len(marked))
		same(t, want.Pending(), 70-len(outcomes))
	})
}
