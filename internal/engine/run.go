package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Config is one run of an import. Everything but Earlier, MaxFailures,
// Window, Events and Abort must be set.
type Config struct {
	// Import is the ID, as in the ledger.
	Import string
	// Sources are the manifests that Scan was made from, in the same order.
	Sources []*Source
	Scan    *ScanResult
	// Settings must be those of the scan.
	Settings Settings
	// Target is where devices are imported into: ARNs that no answer tells are made of it.
	Target   ledger.Target
	AWS      iot.AWS
	Limiters *quota.Limiters
	// Journal is the import's; Run closes it.
	Journal ledger.Journal
	// Earlier are the records of earlier runs of this import; nil where there were none.
	Earlier iter.Seq2[ledger.Record, error]
	// MaxFailures stops the import when so many devices failed in this run; 0 never.
	MaxFailures int
	// Window bounds the devices in flight.
	Window Window
	// Events are told how it goes.
	Events Events
	// Abort ends calls in flight when it ends. Nil is never.
	Abort context.Context //nolint:containedctx // a second lifetime beside that of the call
}

// A run is the state of [Run].
type run struct {
	Config
	begin  context.Context //nolint:containedctx // as in caller
	end    context.CancelCauseFunc
	caller *caller
	paths  paths
	book   *book
	window *window
	pool   pool
	links  *linkReader
	state  *snapshot
	events Events
}

// Run is the second pass: it reads the manifests again and imports every
// device. Entries whose outcome stands from an earlier run are left alone.
//
// It returns a *[StopError] where something was wrong with the import as a
// whole, an error that wraps [ErrInterrupted] where ctx ended before the work
// did, and a *[BalanceError] where the numbers do not add up. The summary holds
// in any case, and so does the last event, a [Finished].
//
// When ctx ends no call is begun any more, and calls in flight end; when
// Config.Abort ends they are broken off.
func Run(ctx context.Context, config Config) (Summary, error) {
	var mu sync.Mutex
	events := Events(func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		config.Events.send(e)
	})
	started := time.Now()
	summary, err := execute(ctx, config, events, started)
	events.send(Finished{Summary: summary, Err: err})
	return summary, err
}

func execute(ctx context.Context, config Config, events Events, started time.Time) (Summary, error) {
	r := newRun(ctx, config, events)
	defer r.end(nil)
	err := r.book.load(ctx, config)
	if err == nil {
		r.work()
	}
	summary := r.summary(started)
	if err == nil {
		err = r.verdict(ctx, summary)
	}
	if closed := config.Journal.Close(context.WithoutCancel(ctx), r.ending(err)); closed != nil && err == nil {
		err = &StopError{Cause: closed}
	}
	return summary, err
}

func newRun(ctx context.Context, config Config, events Events) *run {
	flight := config.Abort
	if flight == nil {
		flight = context.WithoutCancel(ctx)
	}
	if config.AWS.Now == nil {
		config.AWS.Now = time.Now
	}
	config.Settings.Decode.Now = config.Scan.now
	begin, end := context.WithCancelCause(ctx)
	r := &run{Config: config, begin: begin, end: end, events: events}
	r.caller = &caller{
		limiters: config.Limiters, outage: &outage{events: events}, tally: newTally(),
		now: config.AWS.Now, begin: begin, flight: flight,
	}
	r.paths = newPaths(config.Limiters.Set(), config.Settings.Attachments)
	r.book = newBook(config, r.halt)
	r.window = newWindow(config.Window)
	r.links = newLinkReader(config.AWS.Principals, config.Limiters, config.Settings.Exclusive)
	r.state = newSnapshot(r)
	return r
}

// halt stops the import in order; the first cause counts.
func (r *run) halt(err error) { r.end(err) }

// work feeds devices through the stages until all are done or the run ends:
// read and judge, mark, import, record. Each stage ends after the one before it.
func (r *run) work() {
	r.events.sendContinued(r)
	tasks, marked := make(chan *task, leadMost), make(chan []*task)
	var stages sync.WaitGroup
	stages.Go(func() { r.feed(tasks) })
	stages.Go(func() { r.mark(tasks, marked) })
	recorded := make(chan struct{})
	go func() { defer close(recorded); r.book.keep() }()
	watched, unwatch := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); r.watch(unwatch) }()

	r.dispatch(marked)
	stages.Wait()
	r.state.wait()
	r.book.close()
	<-recorded
	close(unwatch)
	<-watched
	r.pool.close()
}

// dispatch imports marked devices, as many at once as the window lets in.
func (r *run) dispatch(marked <-chan []*task) {
	var devices sync.WaitGroup
	defer devices.Wait()
	begun := 0
	for batch := range marked {
		for _, t := range batch {
			if r.window.enter(r.begin) != nil {
				break // the stages before this one end by themselves; the rest stays pending
			}
			t.order = begun
			begun++
			devices.Add(1)
			r.pool.run(func() {
				defer devices.Done()
				busy := r.device(t)
				r.window.leave(busy)
			})
		}
	}
}

// verdict is the error of a run whose stages all ended.
func (r *run) verdict(ctx context.Context, summary Summary) error {
	if err := summary.balance(); err != nil {
		return err
	}
	if err := r.book.balance(); err != nil {
		return err
	}
	cause := context.Cause(r.begin)
	var stop *StopError
	switch {
	case errors.As(cause, &stop):
		return stop
	case summary.Pending == 0:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case cause != nil:
		return cause
	}
	return &BalanceError{Detail: fmt.Sprintf("%d entries are pending, though nothing stopped the import", summary.Pending)}
}

// ending is how the ledger remembers the run.
func (r *run) ending(err error) ledger.End {
	end := ledger.End{State: ledger.StateFinished, At: time.Now()}
	var stop *StopError
	switch {
	case err == nil:
	case errors.Is(err, ErrInterrupted):
		end.State, end.Cause = ledger.StateInterrupted, "interrupted"
	case errors.As(err, &stop):
		end.State, end.Cause = ledger.StateStopped, stop.Cause.Error()
	default:
		end.State, end.Cause = ledger.StateStopped, err.Error()
	}
	return end
}
