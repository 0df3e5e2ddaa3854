package engine

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// An Item is one device of a [Batch]. The caller has judged it, and has marked
// it durably as in flight before the batch begins.
type Item struct {
	Device manifest.Device
	// Marked is when an earlier batch marked the device, by AWS's clock; zero
	// if this is the first. A certificate that is not older than the mark was
	// registered by that batch. Without a mark nothing was registered for the
	// device yet, so an existing certificate is somebody else's, whatever its date.
	Marked time.Time
	// Created reports whether the ledger holds that this import registered the certificate.
	Created bool
	// Attributes of the thing, if the decoder of the device has filled them
	// already; nil fills those of the settings.
	Attributes map[string]string
}

// Batch imports devices that the caller decoded and judged, such as those of a
// queue, with the same steps, rules and limits as [Run]. It takes an item only
// shortly before it begins with it, so that items may be made ready meanwhile; it
// takes most items at most. It has no ledger: it calls done once for each item that
// has an outcome, in any order, with the place of the device in manifest 0, from one
// goroutine, and before it returns. Every other item that it took is pending. Of the
// settings only attachments, status, Adopt, Exclusive and Rows matter. Several batches may
// share the limiters, one after the other or concurrently. Batch reads no lists. It looks each thing up
// before it creates it, so that an undo knows that the import did, unless that would lower the rate.
//
// When ctx ends, Batch takes no further item, begins no further calls and waits for
// those in flight; the error then wraps [ErrInterrupted] unless every item that it
// took has an outcome. Items that it waits for must end with ctx. A fault of the
// import as a whole is a *[call.StopError].
func Batch(ctx context.Context, config Config, most int, items iter.Seq[Item], done func(record ledger.Record)) (Summary, error) {
	started := time.Now()
	s := config.open(ctx)
	defer s.close()
	p := newPaths(config.Limiters.Set(), []Portion{{Attachments: config.Settings.Attachments}})
	j := &batchJournal{done: done}
	b := newBook(most, j, 0, s.halt)
	w := &watcher{
		session: s, numbers: b.numbers,
		ceiling: func() (float64, iot.Operation) { return config.Limiters.Ceiling(p.fresh) },
	}
	nothingLeft := func() int { return 0 } // that lists would help with
	known := newSnapshot(s, &Judge{variants: newVariants(config.Settings)}, 0, nothingLeft)
	existed := &baseline{}
	if ceiling, _ := quota.Ceiling(config.Limiters.Set(), p.fresh); config.Limiters.Set().TPS(iot.DescribeThing) >= ceiling {
		existed.lookUp, p.fresh[iot.DescribeThing] = true, 1
	}
	importTasks(s, j.tasks(items, config.Settings.wanted(), b), known, existed, b, w.look)
	b.close()
	b.shorten(len(j.entries))
	w.look(time.Now())
	summary := summarize("", started, s.caller, b)
	ceiling, binding := p.quotaCeiling(config.Limiters.Set(), known)
	summary.Ceiling, summary.Binding = finite(ceiling), string(binding)
	return summary, batchError(ctx, s, summary)
}

// tasks yields the items that go on to AWS.
func (j *batchJournal) tasks(items iter.Seq[Item], wanted device.Wanted, b *book) iter.Seq[*task] {
	return func(yield func(*task) bool) {
		for item := range items {
			n := j.number(item.Device.Entry)
			t := &task{number: n, place: ledger.Place{Entry: n}, device: item.Device, marked: item.Marked, recorded: item.Created}
			var err error
			attachments := wanted.Attachments
			if t.wanted, err = wanted.For(&item.Device); t.wanted != nil {
				attachments = t.wanted.Attachments
			}
			if item.Attributes != nil {
				attachments.Attributes = nil
			}
			if err == nil {
				t.thing, err = attachments.Thing(&item.Device)
			}
			if err != nil {
				record := recordOf(t.place, &t.device, ledger.Rejected)
				record.Reason, record.Detail = string(manifest.ReasonOf(err)), detailOf(t, err)
				b.refuse(n, record)
				continue
			}
			if item.Attributes != nil {
				t.thing.Attributes = item.Attributes
			}
			if !yield(t) {
				return
			}
		}
	}
}

func batchError(ctx context.Context, s *session, summary Summary) error {
	if stop := s.stopCause(); stop != nil {
		return stop
	}
	switch {
	case summary.Pending == 0:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case s.flight.Err() != nil:
		return fmt.Errorf("%w: calls were broken off: %w", ErrInterrupted, context.Cause(s.flight))
	}
	return &BalanceError{Detail: fmt.Sprintf("%d items are pending, though nothing stopped the batch", summary.Pending)}
}

// A batchJournal passes the outcomes of a batch to its caller.
type batchJournal struct {
	noJournal
	done func(record ledger.Record)

	mu      sync.Mutex
	entries []int // by the number that the batch gave the item
}

// number returns the number of an item that was just taken.
func (j *batchJournal) number(entry int) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
	return len(j.entries) - 1
}

// Record implements [ledger.Journal].
func (j *batchJournal) Record(_ context.Context, records []ledger.Record) error {
	for _, record := range records {
		j.mu.Lock()
		record.Entry = j.entries[record.Entry]
		j.mu.Unlock()
		j.done(record)
	}
	return nil
}

// noJournal is the journal of a run that keeps no record.
type noJournal struct{}

func (noJournal) Mark(context.Context, []ledger.Mark) error     { return nil }
func (noJournal) Record(context.Context, []ledger.Record) error { return nil }
func (noJournal) Close(context.Context, ledger.End) error       { return nil }
func (noJournal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}
