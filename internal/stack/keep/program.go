package keep

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
)

// A plan is what a command does to every device.
type plan struct {
	program engine.Program
	adjust  func(*engine.Subject)
	calls   quota.Calls
}

// plan returns what the command does.
func (w *worker) plan(settings engine.Settings) (plan, error) {
	switch c := w.command; c.Verb {
	case stack.VerbActivate, stack.VerbDeactivate:
		return plan{later.SetStatus(later.StatusOf(c.Verb)), later.OnlyRegistered, later.StatusCalls()}, nil
	case stack.VerbUndo:
		overlap, err := later.FindOverlap(w.begin, records{Ledger: w.Ledger}, w.imports)
		if err != nil {
			return plan{}, w.faultOf(err)
		}
		p := plan{overlap.Program(c.DeactivateOnly), overlap.Adjust, later.UndoCalls(settings)}
		if c.DeactivateOnly {
			p.calls = later.StatusCalls()
		}
		return p, nil
	}
	return plan{}, &endError{fmt.Sprintf("this version does not know the command %s", w.command.Verb)}
}

// runProgram runs the program of the command for every device, in stretches.
func (w *worker) runProgram(ctx context.Context) error {
	if err := w.survey(ctx); err != nil {
		return err
	}
	settings, err := w.settings()
	if err != nil {
		return &endError{err.Error()}
	}
	p, err := w.plan(settings)
	if err != nil {
		return err
	}
	journal, err := w.journal(ctx)
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(w.subjects(w.begin, w.progress.Next, settings))
	defer stop()
	for {
		stretch, err := take(next, w.stretch)
		if err != nil {
			return w.faultOf(err)
		}
		if len(stretch) == 0 {
			return nil
		}
		if err := w.runStretch(ctx, stretch, settings, p, journal); err != nil {
			return err
		}
		w.progress.Next = after(stretch[len(stretch)-1].Place)
		if err := w.checkpoint(ctx); err != nil {
			return err
		}
	}
}

// take returns the next subjects.
func take(next func() (*engine.Subject, error, bool), most int) (list []*engine.Subject, err error) {
	for len(list) < most {
		subject, err, ok := next()
		if !ok || err != nil {
			return list, err
		}
		list = append(list, subject)
	}
	return list, nil
}

// journal opens the record of the command; nil if it keeps none.
func (w *worker) journal(ctx context.Context) (ledger.Journal, error) {
	if !w.command.Recorded() {
		return nil, nil //nolint:nilnil // the engine takes nil for none
	}
	journal, err := w.Ledger.Resume(ctx, w.job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, &endError{"the command is not in the ledger any more"}
	}
	return stretchJournal{journal}, err
}

// A stretchJournal is the journal of a command, which is closed at its end and not after every stretch.
type stretchJournal struct{ ledger.Journal }

// Mark does nothing: every program reads a device before it changes it.
func (stretchJournal) Mark(context.Context, []ledger.Mark) error { return nil }

// Marked yields nothing.
func (stretchJournal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}

// Close does nothing.
func (stretchJournal) Close(context.Context, ledger.End) error { return nil }

// runStretch runs a program for a stretch of entries. It returns nil if each has an outcome.
func (w *worker) runStretch(
	ctx context.Context, stretch []*engine.Subject, settings engine.Settings, p plan, journal ledger.Journal,
) error {
	l := engine.Later{
		ID: w.job.Import, Manifests: w.manifests(), Partial: true, Journal: journal, Calls: p.calls,
		Subjects: func(yield func(*engine.Subject, error) bool) {
			for _, subject := range stretch {
				if subject.Outcome == "" && p.adjust != nil {
					p.adjust(subject)
				}
				if !yield(subject, nil) {
					return
				}
			}
		},
	}
	if journal != nil {
		l.Earlier = w.earlier(ctx, stretch)
	}
	program, planned := p.program, &later.Planned{}
	if w.command.DryRun {
		program = planned.Rehearse(program)
	}
	summary, err := engine.RunLater(w.begin, w.config(ctx, settings), l, program)
	w.addCalls(summary.Calls)
	w.put(ctx, summary)
	w.settled = w.settled || journal != nil && settles(summary)
	if err == nil && w.command.DryRun {
		w.addPlanned(summary, planned.Calls())
	}
	if errors.Is(err, engine.ErrInterrupted) && w.begin.Err() != nil {
		return errDeadline
	}
	return err
}

// settles reports whether a run has recorded outcomes that stand.
func settles(summary engine.Summary) bool {
	n := summary.Worked
	for _, r := range summary.Failures {
		if !r.Outcome.Stands() {
			n -= r.Count
		}
	}
	return n > 0
}

// earlier yields what earlier runs recorded of a stretch.
func (w *worker) earlier(ctx context.Context, stretch []*engine.Subject) iter.Seq2[ledger.Record, error] {
	last := stretch[len(stretch)-1].Place
	return func(yield func(ledger.Record, error) bool) {
		for record, err := range w.Ledger.RecordsFrom(ctx, w.job.Import, stretch[0].Place) {
			if err == nil && before(last, record.Place) || !yield(record, err) {
				return
			}
		}
	}
}

func (w *worker) config(ctx context.Context, settings engine.Settings) engine.Config {
	return engine.Config{
		Settings: settings, Target: w.target, AWS: w.Registry.AWS(), Limiters: w.Limiters(ctx), Abort: w.flight, PauseMost: pauseMost,
	}
}

// put writes the metrics of a run.
func (w *worker) put(ctx context.Context, summary engine.Summary) {
	if err := w.Metrics.Put(map[stack.Metric]float64{stack.MetricThrottled: float64(summary.Throttled)}); err != nil {
		w.log.ErrorContext(ctx, "metrics could not be written", "error", err.Error())
	}
}

// addPlanned adds what a stretch of a dry run would have done.
func (w *worker) addPlanned(summary engine.Summary, calls map[string]int) {
	if w.progress.Planned == nil {
		w.progress.Planned = map[string]int{}
	}
	for op, n := range calls {
		w.progress.Planned[op] += n
	}
	for _, o := range ledger.LaterOutcomes() {
		w.progress.Counts.Add(o, summary.Counts.Of(o))
		w.progress.Counts.Entries += summary.Counts.Of(o)
	}
	w.progress.Reasons = mergeReasons(w.progress.Reasons, summary.Failures)
}

// mergeReasons adds the numbers of some reasons to those of others.
func mergeReasons(all, more []ledger.Reason) []ledger.Reason {
	var tally ledger.Tally
	tally.Restore(all)
	tally.Merge(more)
	return tally.Reasons()
}
