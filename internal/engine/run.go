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

// An Import is what one run works on. Everything but Earlier and MaxFailures
// must be set.
type Import struct {
	// ID is as in the ledger.
	ID string
	// Sources are the manifests that Scan was made from, in the same order.
	Sources []*Source
	Scan    *ScanResult
	// Journal is the import's; Run closes it.
	Journal ledger.Journal
	// Earlier are the records of earlier runs of this import; nil if there were none.
	Earlier iter.Seq2[ledger.Record, error]
	// MaxFailures stops the import when so many devices failed in this run; 0 never.
	MaxFailures int
}

// Run is the second pass: it reads the manifests again and imports every
// device. Entries whose outcome stands from an earlier run are left alone.
//
// It returns a *[call.StopError] if something was wrong with the import as a
// whole, an error that wraps [ErrInterrupted] if ctx ended before the work did,
// and a *[BalanceError] if the numbers do not add up. The summary holds in any
// case, and so does the last event, a [Finished].
//
// When ctx ends no call is begun any more, and calls in flight end; when
// Config.Abort ends they are broken off.
func Run(ctx context.Context, config Config, i Import) (Summary, error) {
	started := time.Now()
	s := config.open(ctx)
	defer s.close()
	b := newBook(i.Scan.Entries, i.Journal, i.MaxFailures, s.halt)
	known := newSnapshot(s, i.Scan.judge, func() int {
		counts, _ := b.numbers()
		return counts.Pending()
	})
	p := newPaths(config.Limiters.Set(), config.Settings.Attachments)
	err := b.load(ctx, &i.Scan.judge.layout, i.Earlier)
	if err == nil {
		tellContinued(s.events, i.ID, b)
		importAll(s, &config, i, b, known, p)
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

// tellContinued tells of earlier runs, if there were any.
func tellContinued(events Events, id string, b *book) {
	counts, _ := b.numbers()
	if counts.Pending() < counts.Entries || len(b.marks) > 0 {
		events.send(Continued{Import: id, Counts: counts, InFlight: len(b.marks)})
	}
}

// importAll takes the open entries of the manifests through the pipeline.
func importAll(s *session, config *Config, i Import, b *book, known *snapshot, p paths) {
	options := config.Settings.Decode
	options.Now = i.Scan.now
	pass := secondPass{
		sources: i.Sources, scan: i.Scan, options: options, partial: config.Settings.Partial, refuse: b.refuse,
		open: func(number int) bool {
			// A rejected entry was judged again by the scan, so a rejection that it repeats stands.
			outcome := b.outcome(number)
			return !outcome.Stands() && (outcome != ledger.Rejected || !i.Scan.rejected.has(number))
		},
	}
	ceiling := func() (float64, iot.Operation) { return p.ceiling(config.Limiters, s.account.Links, known.stage()) }
	w := &watcher{session: s, limiters: config.Limiters, ceiling: ceiling, numbers: b.numbers}
	tasks := markAhead(s, remembered(b, pass.tasks(s.begin)), i.Journal, s.now, func() float64 {
		rate, _ := ceiling()
		return rate
	})
	importTasks(s, tasks, known, b, w.look)
	known.wait()
	b.close()
	w.look(time.Now())
}

// remembered adds to tasks what earlier runs left of them.
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

// importTasks runs the import program for every task, and books what it came
// to. Known may be nil: devices are then read one by one.
func importTasks(s *session, tasks iter.Seq[*task], known *snapshot, b *book, watch func(time.Time)) {
	type ended struct {
		subject *device.Device
		runner  *device.Runner
		err     error
	}
	runPipeline(s, tasks, func(t *task, runner *device.Runner) ended {
		subject := s.subject(t)
		if known == nil {
			_, err := device.Import(s.account, subject, nil, runner.Do)
			return ended{subject, runner, err}
		}
		met, err := device.Import(s.account, subject, known.known(t), runner.Do)
		known.met(met)
		return ended{subject, runner, err}
	}, func(t *task, e ended) { b.end(t, e.subject, e.runner, e.err) }, watch)
}

// importError is the error of a run whose devices all ended.
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

// endOf is how the ledger remembers a run.
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
