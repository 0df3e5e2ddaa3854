package engine

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A book keeps the outcome of every entry: a byte each in memory, and the
// records, in groups, in the ledger. An outcome counts when it is durable.
type book struct {
	journal     ledger.Journal
	halt        func(error)
	maxFailures int
	in          chan entryRecord

	mu       sync.Mutex
	entries  []byte // by number: a code of outcome, and flags
	counts   ledger.Counts
	worked   int
	failed   int // in this run
	failures map[string]*Failure
	marks    map[int]time.Time // of earlier runs
}

// entryRecord is a record on its way into the ledger.
type entryRecord struct {
	number  int
	record  ledger.Record
	order   int  // in which devices were begun; -1 where none was
	refused bool // AWS refused the device
	silent  bool // the device has no outcome
}

// The code of an entry's outcome, and a flag.
const (
	codeMask     = 0x07
	flagHasCert  = 0x08 // an earlier run recorded that it registered the certificate
	flushRows    = 200
	flushAfter   = 250 * time.Millisecond
	equalRefused = 20 // so many equal refusals in a row are the import's fault
)

var outcomeCodes = [...]ledger.Outcome{"", ledger.Imported, ledger.Unchanged, ledger.Failed, ledger.Rejected, ledger.Skipped}

func codeOf(o ledger.Outcome) byte { return byte(max(slices.Index(outcomeCodes[:], o), 0)) } // below 6

func newBook(config Config, halt func(error)) *book {
	return &book{
		journal: config.Journal, halt: halt, maxFailures: config.MaxFailures,
		in:       make(chan entryRecord, flushRows),
		entries:  make([]byte, config.Scan.Entries),
		counts:   ledger.Counts{Entries: config.Scan.Entries},
		failures: map[string]*Failure{},
	}
}

// load reads what earlier runs left.
func (b *book) load(ctx context.Context, config Config) error {
	b.marks = map[int]time.Time{}
	for mark, err := range config.Journal.Marked(ctx) {
		if err != nil {
			return &StopError{Cause: fmt.Errorf("read the marks of earlier runs: %w", err)}
		}
		if number, ok := config.Scan.number(mark.Place); ok {
			b.marks[number] = mark.At
		}
	}
	var records iter.Seq2[ledger.Record, error] = func(func(ledger.Record, error) bool) {}
	if config.Earlier != nil {
		records = config.Earlier
	}
	for record, err := range records {
		if err != nil {
			return &StopError{Cause: fmt.Errorf("read the records of earlier runs: %w", err)}
		}
		number, ok := config.Scan.number(record.Place)
		if !ok {
			return &StopError{Cause: fmt.Errorf("the ledger has a record of entry %d of manifest %d, which is not in the import", record.Entry, record.Manifest)}
		}
		b.entries[number] = codeOf(record.Outcome)
		b.counts.Add(record.Outcome, 1)
		if slices.ContainsFunc(record.Steps, func(s ledger.Step) bool { return s.Created && s.Operation == string(opRegister) }) {
			b.entries[number] |= flagHasCert
		}
	}
	return nil
}

// number returns the number of a place among all entries.
func (s *ScanResult) number(p ledger.Place) (int, bool) {
	if p.Manifest < 0 || p.Manifest >= len(s.Manifests) || p.Entry < 0 || p.Entry >= s.Manifests[p.Manifest].Entries {
		return 0, false
	}
	return s.first[p.Manifest] + p.Entry, true
}

// outcome returns the outcome of an entry; "" while it is pending.
func (b *book) outcome(number int) ledger.Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	return outcomeCodes[b.entries[number]&codeMask]
}

// earlier returns the mark that an earlier run left, zero for none, and
// whether one recorded to have registered the certificate.
func (b *book) earlier(number int) (marked time.Time, created bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[number], b.entries[number]&flagHasCert != 0
}

// add takes an outcome. It waits while the ledger is behind.
func (b *book) add(e entryRecord) { b.in <- e }

// close ends keep after everything that was added. Nothing may be added afterwards.
func (b *book) close() { close(b.in) }

// keep records what is added, in groups, until close.
func (b *book) keep() {
	var streak streak
	var batch []entryRecord
	timer := time.NewTimer(flushAfter)
	timer.Stop()
	for open := true; open; {
		select {
		case e, ok := <-b.in:
			if open = ok; !ok {
				break
			}
			empty := len(batch) == 0
			batch = append(batch, streak.take(e)...)
			if empty && len(batch) > 0 {
				timer.Reset(flushAfter)
			}
			if streak.over {
				b.halt(streak.stop())
			}
		case <-timer.C:
			b.flush(&batch)
			continue
		}
		if len(batch) >= flushRows {
			b.flush(&batch)
		}
	}
	timer.Stop()
	batch = append(batch, streak.rest()...)
	b.flush(&batch)
}

// flush writes a group and counts it.
func (b *book) flush(batch *[]entryRecord) {
	if len(*batch) == 0 {
		return
	}
	records := make([]ledger.Record, len(*batch))
	for i, e := range *batch {
		records[i] = e.record
	}
	if err := b.journal.Record(context.Background(), records); err != nil {
		b.halt(&StopError{Cause: err, Hint: "see that the ledger can be written, and run the same command again"})
	} else {
		b.count(*batch)
	}
	*batch = (*batch)[:0]
}

func (b *book) count(batch []entryRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range batch {
		place := &b.entries[e.number]
		if before := outcomeCodes[*place&codeMask]; before != "" {
			b.counts.Add(before, -1)
		}
		b.counts.Add(e.record.Outcome, 1)
		*place = *place&^codeMask | codeOf(e.record.Outcome)
		switch e.record.Outcome {
		case ledger.Failed:
			b.worked++
			b.fail(e.record)
		case ledger.Imported, ledger.Unchanged:
			b.worked++
		}
	}
}

func (b *book) fail(record ledger.Record) {
	f := b.failures[record.Reason]
	if f == nil {
		f = &Failure{Reason: record.Reason, Example: record.Detail, Thing: record.ThingName, Todo: todo(record.Reason)}
		b.failures[record.Reason] = f
	}
	f.Count++
	if b.failed++; b.failed == b.maxFailures {
		b.halt(&StopError{
			Cause: fmt.Errorf("%d devices failed, as many as --max-failures allows", b.failed),
			Hint:  "look at the failures below, then run the same command again",
		})
	}
}

// numbers returns the counts so far, and the devices of this run.
func (b *book) numbers() (counts ledger.Counts, worked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts, b.worked
}

// groups returns the failures of this run, most frequent first.
func (b *book) groups() []Failure {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Failure
	for _, f := range b.failures {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(x, y Failure) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	return list
}

// pending counts the entries without an outcome.
func (b *book) pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.entries {
		if e&codeMask == 0 {
			n++
		}
	}
	return n
}

// balance holds the running counts against the outcomes themselves.
func (b *book) balance() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	recount := ledger.Counts{Entries: len(b.entries)}
	for _, e := range b.entries {
		recount.Add(outcomeCodes[e&codeMask], 1)
	}
	if recount != b.counts {
		return &BalanceError{Detail: fmt.Sprintf("counted %+v, recounted %+v", b.counts, recount)}
	}
	return nil
}
