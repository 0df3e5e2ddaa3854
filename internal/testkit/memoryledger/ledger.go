// Package memoryledger is a ledger in memory that fails on demand. It implements
// the ports of package stack that the functions use.
package memoryledger

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// A Moment is when a fault happens.
type Moment int

// A fault happens before a method takes effect, or after it, when the answer is lost.
const (
	Before Moment = iota
	After
)

// A Ledger is safe for concurrent use.
type Ledger struct {
	// Fault is called before and after each method takes effect. The method
	// returns its error. Nil never fails. It is called without locks.
	Fault func(method string, when Moment) error

	mu      sync.Mutex
	imports map[string]*imported
	jobs    map[string]*job
}

type imported struct {
	ledger.Import
	records map[int]ledger.Record
	counts  ledger.Counts
	owners  map[string]stack.Owner // of what was claimed
	claimed map[int]time.Time
}

type job struct {
	stack.Job
	owner   string
	until   time.Time
	unsaved int // leases since the last save or release
}

var (
	_ stack.Ledger   = (*Ledger)(nil)
	_ stack.Jobs     = (*Ledger)(nil)
	_ stack.Orders   = (*Ledger)(nil)
	_ stack.Leases   = (*Ledger)(nil)
	_ stack.Claims   = (*Ledger)(nil)
	_ stack.Reopener = (*Ledger)(nil)
)

// New returns an empty ledger.
func New() *Ledger {
	return &Ledger{imports: map[string]*imported{}, jobs: map[string]*job{}}
}

// do carries out a method's effect between two possible faults.
func (l *Ledger) do(ctx context.Context, method string, effect func() error) error {
	if err := l.strike(ctx, method, Before); err != nil {
		return err
	}
	l.mu.Lock()
	err := effect()
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return l.strike(ctx, method, After)
}

func (l *Ledger) strike(ctx context.Context, method string, when Moment) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if l.Fault != nil {
		return l.Fault(method, when)
	}
	return nil
}

func (l *Ledger) find(id string) (*imported, error) {
	i := l.imports[id]
	if i == nil {
		return nil, fmt.Errorf("import %s: %w", id, ledger.ErrNotFound)
	}
	return i, nil
}

// Begin begins an import.
func (l *Ledger) Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error) {
	err := l.do(ctx, "Begin", func() error {
		if l.imports[i.ID] != nil {
			return fmt.Errorf("import %s already exists", i.ID)
		}
		i.State = ledger.StateRunning
		l.imports[i.ID] = &imported{
			Import: i, records: map[int]ledger.Record{}, owners: map[string]stack.Owner{}, claimed: map[int]time.Time{},
		}
		for _, m := range i.Manifests {
			l.imports[i.ID].counts.Entries += m.Entries
		}
		return nil
	})
	return &journal{l, i.ID}, err
}

// Resume opens a journal.
func (l *Ledger) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	err := l.do(ctx, "Resume", func() error {
		i, err := l.find(id)
		if err == nil {
			i.State, i.Cause = ledger.StateRunning, ""
		}
		return err
	})
	return &journal{l, id}, err
}

// Import returns an import.
func (l *Ledger) Import(ctx context.Context, id string) (found ledger.Import, err error) {
	err = l.do(ctx, "Import", func() error {
		i, err := l.find(id)
		if err == nil {
			found = i.Import
			found.Counts = i.counts
		}
		return err
	})
	return found, err
}

// Counts returns the counters, which are independent of the records.
func (l *Ledger) Counts(ctx context.Context, id string) (counts ledger.Counts, err error) {
	err = l.do(ctx, "Counts", func() error {
		i, err := l.find(id)
		if err == nil {
			counts = i.counts
		}
		return err
	})
	return counts, err
}

// Miscount makes the counters wrong.
func (l *Ledger) Miscount(id string, by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.imports[id].counts.Imported += by
}

// Records yields the records in the order of entries.
func (l *Ledger) Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error] {
	return l.RecordsFrom(ctx, id, ledger.Place{})
}

// RecordsFrom yields the records from an entry on.
func (l *Ledger) RecordsFrom(ctx context.Context, id string, from ledger.Place) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		var records []ledger.Record
		err := l.do(ctx, "Records", func() error {
			i, err := l.find(id)
			if err == nil {
				for _, entry := range slices.Sorted(maps.Keys(i.records)) {
					if entry >= from.Entry {
						records = append(records, i.records[entry])
					}
				}
			}
			return err
		})
		if err != nil {
			yield(ledger.Record{}, err)
			return
		}
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Outcomes returns the records of entries.
func (l *Ledger) Outcomes(ctx context.Context, id string, entries []int) (found map[int]ledger.Record, err error) {
	err = l.do(ctx, "Outcomes", func() error {
		i, err := l.find(id)
		if err != nil {
			return err
		}
		found = map[int]ledger.Record{}
		for _, entry := range entries {
			if r, ok := i.records[entry]; ok {
				found[entry] = r
			}
		}
		return nil
	})
	return found, err
}

// Reopen takes back outcomes that failed before a time.
func (l *Ledger) Reopen(ctx context.Context, id string, entries []int, before time.Time) error {
	return l.do(ctx, "Reopen", func() error {
		i, err := l.find(id)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if r, ok := i.records[entry]; ok && r.Outcome == ledger.Failed && r.At.Before(before) {
				delete(i.records, entry)
				i.counts.Add(r.Outcome, -1)
			}
		}
		return nil
	})
}

// Restart replaces the record of an import without outcomes.
func (l *Ledger) Restart(ctx context.Context, i ledger.Import) error {
	return l.do(ctx, "Restart", func() error {
		known, err := l.find(i.ID)
		if err != nil {
			return err
		}
		i.State, i.Begun = ledger.StateRunning, known.Begun
		known.Import, known.counts = i, ledger.Counts{}
		for _, m := range i.Manifests {
			known.counts.Entries += m.Entries
		}
		return nil
	})
}

// Claim claims vendor IDs, certificates and names.
func (l *Ledger) Claim(ctx context.Context, id string, claims []stack.Claim) (answers []stack.Claimed, err error) {
	err = l.do(ctx, "Claim", func() error {
		i, err := l.find(id)
		if err != nil {
			return err
		}
		for _, c := range claims {
			answers = append(answers, i.claim(c))
		}
		return nil
	})
	return answers, err
}

func (i *imported) claim(c stack.Claim) stack.Claimed {
	if c.Alone {
		won := c.Won()
		if at, seen := i.claimed[c.Entry]; seen {
			won.New, won.At = false, at
		}
		i.claimed[c.Entry] = won.At
		return won
	}
	owner := func(what string) stack.Owner {
		if o, held := i.owners[what]; held && what != "" {
			return o
		}
		return stack.Nobody
	}
	name, certificate, id := "name "+c.ThingName, "certificate "+c.CertificateID.String(), ""
	if c.VendorID != "" {
		id = "vendor " + c.VendorID
	}
	answer := stack.Claimed{ByID: owner(id), ByName: owner(name), ByCertificate: owner(certificate), At: i.claimed[c.Entry]}
	if answer.ByID == stack.Nobody && answer.ByName == stack.Nobody && answer.ByCertificate == stack.Nobody {
		won := c.Won()
		i.owners[name], i.owners[certificate], i.claimed[c.Entry] = won.ByName, won.ByCertificate, c.At
		if id != "" {
			i.owners[id] = won.ByID
		}
		return won
	}
	answer.Mine = answer.ByName.Entry == c.Entry && answer.ByCertificate.Entry == c.Entry &&
		(answer.ByID == stack.Nobody || answer.ByID.Entry == c.Entry)
	return answer
}

// A journal writes to one import.
type journal struct {
	ledger *Ledger
	id     string
}

// Record records outcomes one by one, so a fault may happen between two of them.
func (j *journal) Record(ctx context.Context, records []ledger.Record) error {
	for _, r := range records {
		err := j.ledger.do(ctx, "Record", func() error {
			i, err := j.ledger.find(j.id)
			if err != nil {
				return err
			}
			if r.Entry < 0 || r.Entry >= i.counts.Entries {
				return fmt.Errorf("entry %d is not in the import", r.Entry)
			}
			before, ok := i.records[r.Entry]
			if ok {
				i.counts.Add(before.Outcome, -1)
			}
			i.counts.Add(r.Outcome, 1)
			r.Steps = ledger.MergeSteps(before.Steps, r.Steps)
			i.records[r.Entry] = r
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Mark does nothing: claims are the marks.
func (j *journal) Mark(context.Context, []ledger.Mark) error { return nil }

// Marked yields nothing.
func (j *journal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}

// Close records how the import ended.
func (j *journal) Close(ctx context.Context, end ledger.End) error {
	if err := end.Check(); err != nil {
		return err
	}
	return j.ledger.do(ctx, "Close", func() error {
		i, err := j.ledger.find(j.id)
		if err == nil {
			i.State, i.Cause, i.Ended = end.State, end.Cause, end.At
		}
		return err
	})
}
