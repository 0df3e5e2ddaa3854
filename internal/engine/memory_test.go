package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A memoryLedger is a ledger for bubbles, in which the clock does not advance while a goroutine
// waits for a file. Fail, if set, is called before every write.
type memoryLedger struct {
	ledger.Ledger // Find and Imports are not used
	mu            sync.Mutex
	journals      map[string]*memoryJournal
	fail          func() error
}

func (l *memoryLedger) Begin(_ context.Context, i ledger.Import) (ledger.Journal, error) {
	if l.journals == nil {
		l.journals = map[string]*memoryJournal{}
	}
	j := &memoryJournal{ledger: l, marks: map[ledger.Place]ledger.Mark{}, records: map[ledger.Place]ledger.Record{}}
	l.journals[i.ID] = j
	return j, nil
}

func (l *memoryLedger) Resume(_ context.Context, id string) (ledger.Journal, error) {
	return l.journals[id], nil
}

func (l *memoryLedger) Records(_ context.Context, id string) iter.Seq2[ledger.Record, error] {
	return ordered(l.journals[id].records)
}

type memoryJournal struct {
	ledger  *memoryLedger
	marks   map[ledger.Place]ledger.Mark
	records map[ledger.Place]ledger.Record
	end     ledger.End
}

func (j *memoryJournal) write(do func()) error {
	j.ledger.mu.Lock()
	defer j.ledger.mu.Unlock()
	if j.ledger.fail != nil {
		if err := j.ledger.fail(); err != nil {
			return fmt.Errorf("memory: %w", err)
		}
	}
	do()
	return nil
}

func (j *memoryJournal) Mark(_ context.Context, marks []ledger.Mark) error {
	return j.write(func() {
		for _, m := range marks {
			if _, there := j.marks[m.Place]; !there {
				j.marks[m.Place] = m
			}
		}
	})
}

func (j *memoryJournal) Record(_ context.Context, records []ledger.Record) error {
	return j.write(func() {
		for _, r := range records {
			r.Steps = ledger.MergeSteps(j.records[r.Place].Steps, r.Steps)
			j.records[r.Place] = r
			delete(j.marks, r.Place)
		}
	})
}

func (j *memoryJournal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return ordered(j.marks)
}

func (j *memoryJournal) Close(_ context.Context, end ledger.End) error {
	j.end = end
	return nil
}

func ordered[T any](by map[ledger.Place]T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		places := slices.SortedFunc(maps.Keys(by), func(a, b ledger.Place) int {
			return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Entry, b.Entry))
		})
		for _, p := range places {
			if !yield(by[p], nil) {
				return
			}
		}
	}
}
