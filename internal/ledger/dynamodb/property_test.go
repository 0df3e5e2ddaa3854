package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// A fault is the outcome of one attempt of a call.
type fault int

const (
	fine       fault = iota
	refusedNow       // fails without effect
	answerLost       // takes effect and fails
	killed           // takes effect while its context ends
)

// An attempt is one call of a function that may be killed.
type attempt struct {
	mark    bool
	records []ledger.Record
	faults  []fault // of successive attempts; after the last one the caller gives up
}

var errFault = errors.New("fault")

// countersUnderFaults runs several functions on one import, with repetitions, failures, lost
// answers and kills, and then compares counters with records.
func countersUnderFaults(t *testing.T, x *dynamodbtest.Table) {
	const entries = 12
	all := []ledger.Outcome{ledger.Imported, ledger.Unchanged, ledger.Failed, ledger.Rejected, ledger.Skipped}
	steps := []ledger.Step{
		{Operation: "CreateThing", Created: true},
		{Operation: "AttachPolicy", Resource: "p"},
		{Operation: "AttachPolicy", Resource: "q"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		plans := make([][]attempt, rapid.IntRange(1, 3).Draw(rt, "functions"))
		tried := map[int]map[ledger.Outcome]bool{}
		sure := map[int]bool{}
		for w := range plans {
			for range rapid.IntRange(1, 3).Draw(rt, "calls") {
				a := attempt{mark: rapid.IntRange(0, 4).Draw(rt, "mark") == 0}
				for range rapid.IntRange(1, 6).Draw(rt, "records") {
					r := ledger.Record{
						Place: ledger.Place{Entry: rapid.IntRange(0, entries-1).Draw(rt, "entry")}, Outcome: rapid.SampledFrom(all).Draw(rt, "outcome"),
						ThingName: "thing", At: dynamodbtest.Began, Steps: []ledger.Step{rapid.SampledFrom(steps).Draw(rt, "step")},
					}
					a.records = append(a.records, r)
				}
				a.faults = rapid.SliceOfN(rapid.SampledFrom([]fault{fine, refusedNow, answerLost, killed}), 1, 3).Draw(rt, "faults")
				plans[w] = append(plans[w], a)
				for _, r := range a.records {
					if a.mark {
						continue
					}
					if tried[r.Entry] == nil {
						tried[r.Entry] = map[ledger.Outcome]bool{}
					}
					tried[r.Entry][r.Outcome] = true
					if slices.Contains(a.faults, fine) {
						sure[r.Entry] = true
					}
				}
			}
		}
		id, _ := dynamodbtest.Begin(t, open(x, dynamodb.Options{}), entries)
		var group sync.WaitGroup
		for _, plan := range plans {
			group.Go(func() { work(t, x, id, plan) })
		}
		group.Wait()

		l := open(x, dynamodb.Options{})
		recount := ledger.Counts{Entries: entries}
		found := map[int]bool{}
		for r, err := range l.Records(t.Context(), id) {
			check(t, err)
			recount.Add(r.Outcome, 1)
			found[r.Entry] = true
			if !tried[r.Entry][r.Outcome] {
				rt.Errorf("entry %d is %q, which nobody recorded", r.Entry, r.Outcome)
			}
		}
		for entry := range sure {
			if !found[entry] {
				rt.Errorf("entry %d was recorded and is lost", entry)
			}
		}
		counts, err := l.Counts(t.Context(), id)
		check(t, err)
		if counts != recount {
			rt.Errorf("counters %+v, records %+v", counts, recount)
		}
	})
}

// work is one function. It makes the calls of its plan, each as often as its faults require.
func work(t *testing.T, x *dynamodbtest.Table, id string, plan []attempt) {
	p := x.Proxy()
	j, err := through(x, p).Resume(t.Context(), id)
	if err != nil {
		t.Error(err)
		return
	}
	for _, a := range plan {
		for _, f := range a.faults {
			ctx, cancel := context.WithCancel(t.Context())
			p.Before, p.After = nil, nil
			switch f {
			case refusedNow:
				p.Before = func(string) error { return errFault }
			case answerLost:
				p.After = func(string) error { return errFault }
			case killed:
				p.After = func(string) error {
					cancel()
					return fmt.Errorf("killed: %w", context.Canceled)
				}
			}
			if a.mark {
				var marks []ledger.Mark
				for _, r := range a.records {
					marks = append(marks, ledger.Mark{Place: r.Place, At: dynamodbtest.Began})
				}
				err = j.Mark(ctx, marks)
			} else {
				err = j.Record(ctx, a.records)
			}
			cancel()
			if (f == fine) != (err == nil) {
				t.Errorf("fault %d: %v", f, err)
			}
		}
	}
}
