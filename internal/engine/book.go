package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A book keeps the outcome of every entry: a byte each in memory, and the
// records, in groups, in the ledger. An outcome counts when it is durable. Its
// methods are safe for concurrent use.
type book struct {
	journal     ledger.Journal
	halt        func(error)
	maxFailures int
	did         ledger.Outcome // of a device for which something was changed
	committer   *ledger.Committer[entryRecord]

	rowing sync.Mutex // guards streak, and keeps the order in which it releases records
	streak streak

	mu       sync.Mutex
	entries  []byte // by number: a code of outcome, and flags
	counts   ledger.Counts
	worked   int
	failures ledger.Tally // of this run
	failed   int
	marks    map[int]time.Time // of earlier runs
}

// The code of an entry's outcome, and a flag.
const (
	codeMask     = 0x07
	flagRecorded = 0x08 // an earlier run recorded that it registered the certificate
	flushRows    = 200
	flushAfter   = 250 * time.Millisecond
)

var outcomeCodes = [...]ledger.Outcome{
	"", ledger.Imported, ledger.Unchanged, ledger.Failed, ledger.Rejected, ledger.Skipped,
	ledger.Changed, ledger.Kept,
}

func codeOf(o ledger.Outcome) byte { return byte(max(slices.Index(outcomeCodes[:], o), 0)) } // at most codeMask

// newBook returns a book of that many entries, all of them pending. The caller
// must close it. The book calls halt with a *call.StopError when the import has to stop.
func newBook(entries int, journal ledger.Journal, maxFailures int, halt func(error)) *book {
	b := &book{
		journal: journal, halt: halt, maxFailures: maxFailures, did: ledger.Imported,
		entries: make([]byte, entries), counts: ledger.Counts{Entries: entries}, marks: map[int]time.Time{},
	}
	b.committer = ledger.NewCommitter(flushRows, flushAfter, b.write)
	return b
}

// load reads the marks and records of earlier runs.
func (b *book) load(ctx context.Context, entries *layout, earlier iter.Seq2[ledger.Record, error]) error {
	for mark, err := range b.journal.Marked(ctx) {
		if err != nil {
			return unreadLedger(ctx, fmt.Errorf("read the marks of earlier runs: %w", err))
		}
		if number, ok := entries.number(mark.Place); ok {
			b.marks[number] = mark.At
		}
	}
	if earlier == nil {
		return nil
	}
	for record, err := range earlier {
		if err != nil {
			return unreadLedger(ctx, fmt.Errorf("read the records of earlier runs: %w", err))
		}
		number, ok := entries.number(record.Place)
		if !ok {
			return &call.StopError{Code: call.StopLedger, Cause: fmt.Errorf(
				"the ledger has a record of entry %d of manifest %d, which is not in the import", record.Entry, record.Manifest)}
		}
		b.entries[number] = codeOf(record.Outcome)
		b.counts.Add(record.Outcome, 1)
		if slices.ContainsFunc(record.Steps, func(s ledger.Step) bool {
			return s.Created && s.Operation == string(iot.RegisterCertificateWithoutCA)
		}) {
			b.entries[number] |= flagRecorded
		}
	}
	return nil
}

// unreadLedger returns the error of a run that cannot read its ledger. It was interrupted if ctx has ended.
func unreadLedger(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	}
	return &call.StopError{Code: call.StopLedger, Cause: err}
}

// outcome returns the outcome of an entry; "" while it is pending.
func (b *book) outcome(number int) ledger.Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	return outcomeCodes[b.entries[number]&codeMask]
}

// earlier returns the mark of an earlier run, zero for none, and whether an
// earlier run recorded that it registered the certificate.
func (b *book) earlier(number int) (marked time.Time, recorded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[number], b.entries[number]&flagRecorded != 0
}

// refuse takes the record of an entry that never reaches AWS.
func (b *book) refuse(number int, record ledger.Record) {
	b.add(entryRecord{number: number, record: record, order: -1})
}

// end books a device whose program ended with err. The device has no outcome
// if the import ended before it, or if err is the import's fault.
func (b *book) end(t *task, d *device.Device, runner *device.Runner, err error) {
	e := entryRecord{number: t.number, order: t.order, record: recordOf(t.place, &t.device, ledger.Unchanged)}
	e.record.CertificateARN, e.record.Steps = d.CertificateARN, d.Steps(runner.Made())
	if len(e.record.Steps) > 0 {
		e.record.Outcome = b.did
	}
	var stop *call.StopError
	var failure *device.FailedError
	var kept *device.KeptError
	switch {
	case err == nil:
	case errors.As(err, &stop):
		b.halt(stop)
		e.silent = true
	case errors.As(err, &failure):
		e.refused = failure.Refused
		e.record.Outcome, e.record.Reason, e.record.Detail = ledger.Failed, string(failure.Reason), detailOf(t, failure)
	case errors.As(err, &kept):
		e.record.Outcome, e.record.Reason, e.record.Detail = ledger.Kept, string(kept.Reason), detailOf(t, kept)
	default:
		e.silent = true
	}
	b.add(e)
}

// add hands a record to the committer. It blocks while the ledger is slower than the devices.
func (b *book) add(e entryRecord) {
	b.rowing.Lock()
	defer b.rowing.Unlock()
	for _, free := range b.streak.release(e) {
		b.committer.Add(free)
	}
	if b.streak.over {
		b.halt(b.streak.stop())
	}
}

// close returns when every added record is durable. It must be called last.
func (b *book) close() {
	for _, held := range b.streak.releaseHeld() {
		b.committer.Add(held)
	}
	b.committer.Close()
}

// shorten leaves the first entries, if fewer came than the book has room for.
func (b *book) shorten(entries int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries, b.counts.Entries = b.entries[:entries], entries
}

// write makes a group durable, and counts it.
func (b *book) write(group []entryRecord) {
	records := make([]ledger.Record, len(group))
	for i, e := range group {
		records[i] = e.record
	}
	if err := b.journal.Record(context.Background(), records); err != nil {
		b.halt(&call.StopError{Code: call.StopLedger, Cause: err})
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range group {
		place := &b.entries[e.number]
		if before := outcomeCodes[*place&codeMask]; before != "" {
			b.counts.Add(before, -1)
		}
		b.counts.Add(e.record.Outcome, 1)
		*place = *place&^codeMask | codeOf(e.record.Outcome)
		switch e.record.Outcome {
		case ledger.Imported, ledger.Unchanged, ledger.Changed:
			b.worked++
		case ledger.Kept:
			b.worked++
			b.failures.Add(e.record)
		case ledger.Failed:
			b.worked++
			b.failures.Add(e.record)
			if b.failed++; b.failed == b.maxFailures {
				b.halt(&call.StopError{Code: call.StopMaxFailures, Cause: fmt.Errorf("the limit of failed devices is reached: %d", b.failed)})
			}
		}
	}
}

// numbers returns the counts so far, and how many devices this run worked on.
func (b *book) numbers() (counts ledger.Counts, worked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts, b.worked
}

// reasons returns the failures of this run, most frequent first.
func (b *book) reasons() []ledger.Reason {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures.Reasons()
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

// balance compares the running counts with the outcomes of all entries.
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
