package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// An Item is one device of a [Batch]. Judging it, and marking it durably as in
// flight before the batch begins, is the caller's part.
type Item struct {
	Device manifest.Device
	// Marked is when an earlier batch marked the device, by AWS's clock; zero
	// where this is the first. What exists may then be ours: it was registered
	// by that batch if it is not older than the mark. A device that is
	// brought for the first time has registered nothing yet, so that its
	// certificate, if there is one already, is another's, whatever its date.
	Marked time.Time
	// Created says that the ledger holds that this import registered the certificate.
	Created bool
}

// A BatchConfig is what a batch does. Window, Events, Abort and PauseMost may be zero.
type BatchConfig struct {
	// Settings are as in [Config]; only attachments, status, Adopt and Exclusive matter here.
	Settings Settings
	Target   ledger.Target
	AWS      iot.AWS
	// Limiters may serve any number of batches, one after the other or at once.
	Limiters *quota.Limiters
	Window   Window
	Events   Events
	// PauseMost ends the batch with a *[StopError] when nothing has answered
	// for longer than [Paused] and this; 0 never.
	PauseMost time.Duration
	// Abort ends calls in flight when it ends. Nil is never.
	Abort context.Context //nolint:containedctx // as in Config
}

// A BatchSummary is the end of a batch.
type BatchSummary struct {
	// Counts are the outcomes of the items.
	Counts ledger.Counts
	// Took is how long it took.
	Took time.Duration
	// Ceiling, Binding, Calls, Throttled, Retries and Failures are as in [Summary].
	Ceiling   float64
	Binding   string
	Calls     map[string]int
	Throttled int
	Retries   int
	Failures  []Failure
}

// Batch imports devices that somebody else decoded and judged, such as those
// of a queue, with the same steps, rules and limits as [Run]. It has no ledger:
// done is called once for each item that has an outcome, in any order, with the
// place of the device in manifest 0, from one
// goroutine, and before Batch returns. An item for which it was not called is pending.
//
// When ctx ends no call is begun any more, and calls in flight end; the error
// then wraps [ErrInterrupted] unless every item had its outcome. What is wrong
// with the import as a whole is a *[StopError]. State is not read in pages.
func Batch(ctx context.Context, config BatchConfig, items []Item, done func(item int, record ledger.Record)) (BatchSummary, error) {
	started := time.Now()
	r := newRun(ctx, Config{
		Scan: &ScanResult{
			Manifests: []ledger.Manifest{{Entries: len(items)}}, first: []int{0}, Entries: len(items), Devices: len(items),
		},
		Settings: config.Settings, Target: config.Target, AWS: config.AWS, Limiters: config.Limiters,
		Journal: &batchJournal{items: items, done: done}, Window: config.Window, Abort: config.Abort,
	}, serially(config.Events))
	defer r.end(nil)
	r.state.never = true
	b := batch{run: r, items: items, pauseMost: config.PauseMost}
	b.work()
	summary := b.summary(started)
	return summary, b.verdict(ctx, summary)
}

// batch is the state of [Batch].
type batch struct {
	run       *run
	items     []Item
	pauseMost time.Duration
}

// work brings the items, as many at once as the window lets in.
func (b *batch) work() {
	r := b.run
	recorded := make(chan struct{})
	go func() { defer close(recorded); r.book.keep() }()
	watched, unwatch := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); r.watch(unwatch) }()
	impatient, calm := make(chan struct{}), make(chan struct{})
	go func() { defer close(impatient); b.outlast(calm) }()

	marked := make(chan []*task, 1)
	marked <- b.tasks()
	close(marked)
	r.dispatch(marked)

	close(calm)
	<-impatient
	r.book.close()
	<-recorded
	close(unwatch)
	<-watched
	r.pool.close()
}

func (b *batch) tasks() []*task {
	a := b.run.Settings.Attachments
	tasks := make([]*task, 0, len(b.items))
	for i, item := range b.items {
		attributes, err := a.attributesOf(&item.Device)
		t := &task{
			number: i, place: ledger.Place{Entry: i}, device: item.Device, marked: item.Marked, created: item.Created,
			thing: iot.Thing{Name: item.Device.ThingName, Type: a.ThingType, BillingGroup: a.BillingGroup, Attributes: attributes},
		}
		if err != nil {
			b.run.refuse(t, manifest.ReasonOf(err), err.Error())
			continue
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// outlast ends the batch when it has paused for too long.
func (b *batch) outlast(end <-chan struct{}) {
	if b.pauseMost == 0 {
		return
	}
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		select {
		case <-end:
			return
		case <-ticker.C:
		}
		if since := b.run.caller.outage.pausedFor(); since > b.pauseMost {
			b.run.halt(&StopError{
				Cause: fmt.Errorf("nothing has answered for %s", (since + outageAfter).Round(time.Second)),
				Hint:  "nothing: the devices are tried again later",
			})
			return
		}
	}
}

func (b *batch) summary(started time.Time) BatchSummary {
	s := b.run.summary(started)
	return BatchSummary{
		Counts: s.Counts, Took: s.Took, Ceiling: s.Ceiling, Binding: s.Binding,
		Calls: s.Calls, Throttled: s.Throttled, Retries: s.Retries, Failures: s.Failures,
	}
}

func (b *batch) verdict(ctx context.Context, s BatchSummary) error {
	var stop *StopError
	switch cause := context.Cause(b.run.begin); {
	case errors.As(cause, &stop):
		return stop
	case s.Counts.Pending() == 0:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case b.run.caller.flight.Err() != nil:
		return fmt.Errorf("%w: calls were broken off: %w", ErrInterrupted, context.Cause(b.run.caller.flight))
	}
	return &BalanceError{Detail: fmt.Sprintf("%d items are pending, though nothing stopped the batch", s.Counts.Pending())}
}

// batchJournal hands on what a run records.
type batchJournal struct {
	noJournal
	items []Item
	done  func(item int, record ledger.Record)
}

// Record implements [ledger.Journal].
func (j *batchJournal) Record(_ context.Context, records []ledger.Record) error {
	for _, record := range records {
		item := record.Entry
		record.Entry = j.items[item].Device.Entry
		j.done(item, record)
	}
	return nil
}
