package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
)

// An Import is the work of one run. All fields except Earlier, MaxFailures and NoBaseline must be set.
type Import struct {
	// ID is the import's ID in the ledger.
	ID string
	// Sources are the manifests that Scan was made from, in the same order.
	Sources []*Source
	Scan    *ScanResult
	// Journal is the journal of the import; Run closes it.
	Journal ledger.Journal
	// Earlier are the records of earlier runs of this import; nil if there were none.
	Earlier iter.Seq2[ledger.Record, error]
	// MaxFailures stops the import once that many devices have failed in this run; 0 for no limit.
	MaxFailures int
	// NoBaseline does not list the things first, so that it is not known later which things the import
	// created.
	NoBaseline bool
}

// Run is the second pass: it reads the manifests again and imports every device,
// except those whose outcome stands from an earlier run.
//
// It returns a *[call.StopError] if a fault of the import as a whole stopped it,
// an error that wraps [ErrInterrupted] if ctx ended before the work was done, and
// a *[BalanceError] if the numbers do not add up. The summary is valid in any
// case, and the last event is always a [Finished].
//
// When ctx ends, Run begins no further calls and waits for those in flight; when
// Config.Abort ends it cancels them.
func Run(ctx context.Context, config Config, i Import) (Summary, error) {
	started := time.Now()
	s := config.open(ctx)
	defer s.close()
	b := newBook(i.Scan.Entries, i.Journal, i.MaxFailures, s.halt)
	known := newSnapshot(s, i.Scan.judge, i.Scan.Devices, func() int {
		counts, _ := b.numbers()
		return counts.Pending()
	})
	p := newPaths(config.Limiters.Set(), i.Scan.Portions())
	err := b.load(ctx, &i.Scan.judge.layout, i.Earlier)
	var existed baseline
	if err == nil {
		tellContinued(s.events, i.ID, b)
		existed, err = takeBaseline(s, &config, &i, b, &p)
	}
	if err == nil {
		importAll(s, &config, i, b, known, p, &existed)
	} else {
		b.close()
	}
	summary := summarize(i.ID, started, s.caller, b)
	ceiling, binding := p.quotaCeiling(config.Limiters.Set(), known)
	summary.Ceiling, summary.Binding = finite(ceiling), string(binding)
	if err == nil {
		err = importError(ctx, s, b, summary)
	}
	if closed := i.Journal.Close(context.WithoutCancel(ctx), endOf(err)); closed != nil && err == nil {
		err = &call.StopError{Code: call.StopLedger, Cause: closed}
	}
	s.events.send(Finished{Summary: summary, Err: err})
	return summary, err
}

// tellContinued sends a [Continued] if there were earlier runs.
func tellContinued(events Events, id string, b *book) {
	counts, _ := b.numbers()
	if counts.Pending() < counts.Entries || len(b.marks) > 0 {
		events.send(Continued{Import: id, Counts: counts, InFlight: len(b.marks)})
	}
}

// importAll runs the pipeline on all entries that are still open.
func importAll(s *session, config *Config, i Import, b *book, known *snapshot, p paths, existed *baseline) {
	ceiling := func() (float64, iot.Operation) { return p.ceiling(config.Limiters, s.account.Links, known.stage()) }
	w := &watcher{session: s, ceiling: ceiling, numbers: b.numbers}
	tasks := markAhead(s, remembered(b, openTasks(s, config.Settings, i.Sources, i.Scan, b)), i.Journal, s.now, func() float64 {
		rate, _ := ceiling()
		return rate
	})
	importTasks(s, tasks, known, existed, b, w.look)
	known.wait()
	b.close()
	w.look(time.Now())
}

// openTasks reads manifests again, yields the devices without an outcome that stands, and records
// entries that never reach AWS.
func openTasks(s *session, settings Settings, sources []*Source, scan *ScanResult, b *book) iter.Seq2[*task, error] {
	return secondPass{
		sources: sources, scan: scan, settings: settings, refuse: b.refuse,
		open: func(number int) bool {
			// The scan has judged rejected entries again: a rejection that it repeats stands.
			outcome := b.outcome(number)
			return !outcome.Stands() && (outcome != ledger.Rejected || !scan.rejected.has(number))
		},
	}.tasks(s.begin)
}

// remembered adds the marks and records of earlier runs to tasks.
func remembered(b *book, tasks iter.Seq2[*task, error]) iter.Seq2[*task, error] {
	return func(yield func(*task, error) bool) {
		for t, err := range tasks {
			if t != nil {
				t.marked, t.recorded = b.earlier(t.number)
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// importTasks runs the import program for every task and books the outcomes.
func importTasks(s *session, tasks iter.Seq[*task], known *snapshot, existed *baseline, b *book, watch func(time.Time)) {
	type ended struct {
		subject *device.Device
		runner  *device.Runner
		err     error
	}
	runPipeline(s, tasks, func(t *task, runner *device.Runner) ended {
		subject := s.subject(t)
		existed.tell(t, subject)
		met, err := device.Import(s.account, subject, known.known(t), runner.Do)
		known.met(met)
		return ended{subject, runner, err}
	}, func(t *task, e ended) { b.end(t, e.subject, e.runner, e.err) }, watch)
}

// importError returns the error of a run after all its devices have ended.
func importError(ctx context.Context, s *session, b *book, summary Summary) error {
	if err := errors.Join(summary.balance(), b.balance()); err != nil {
		return err
	}
	if stop := s.stopCause(); stop != nil {
		return stop
	}
	switch cause := context.Cause(s.begin); {
	case summary.Pending == 0:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case cause != nil:
		return cause
	}
	return &BalanceError{Detail: fmt.Sprintf("%d entries are pending, though nothing stopped the import", summary.Pending)}
}

// endOf returns how the ledger records the end of a run.
func endOf(err error) ledger.End {
	end := ledger.End{State: ledger.StateFinished, At: time.Now()}
	var stop *call.StopError
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
