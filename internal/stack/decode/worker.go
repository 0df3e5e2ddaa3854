package decode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// mostMargin and marginShare are what is kept of an invocation's time for
	// saving and handing on: the shorter of the two.
	mostMargin  = 10 * time.Second
	marginShare = 5 // one part in so many of what is left at the start
	// leaseSlack is how much longer than the invocation a lease holds, so that
	// clocks need not agree to the second.
	leaseSlack = 5 * time.Second
	// leaseWithoutDeadline is for contexts that have none.
	leaseWithoutDeadline = 15 * time.Minute
	// mostIdle invocations in a row may reach their deadline without coming any
	// further: one may have had bad luck, with two the job would never end.
	mostIdle = 2
)

// errDeadline is returned when it is time to hand on.
var errDeadline = errors.New("short of the deadline")

// A stopError ends an import: its cause will not get better by itself.
type stopError struct{ cause error }

func (e *stopError) Error() string { return e.cause.Error() }
func (e *stopError) Unwrap() error { return e.cause }

func stopf(format string, args ...any) error { return &stopError{fmt.Errorf(format, args...)} }

// A worker is one invocation's work on one job, under its lease.
type worker struct {
	h     *Handler
	task  stack.Task
	lease stack.Lease
	job   stack.Job
	log   *slog.Logger

	settings engine.Settings
	progress progress
	began    progress // where this invocation began
	phase    string   // in which it began
	saved    bool     // what it has come further is saved
	// soft ends when it is time to hand on. Reading uses it; what makes
	// progress durable uses the context of the invocation.
	soft context.Context //nolint:containedctx // lives as long as the call of continueJob
}

// continueJob goes on with a job as far as time allows.
func (h *Handler) continueJob(ctx context.Context, task stack.Task) error {
	until := time.Now().Add(leaseWithoutDeadline)
	soft, end := context.WithCancel(ctx)
	defer end()
	if deadline, ok := ctx.Deadline(); ok {
		until = deadline.Add(leaseSlack)
		margin := min(mostMargin, time.Until(deadline)/marginShare)
		soft, end = context.WithDeadline(ctx, deadline.Add(-margin))
		defer end()
	}
	lease, err := h.Leases.Lease(ctx, task.Import, uuid.NewString(), until)
	var leased *stack.LeasedError
	switch {
	case errors.As(err, &leased):
		return h.sendTask(ctx, task, time.Until(leased.Until)+time.Second)
	case errors.Is(err, ledger.ErrNotFound):
		return err
	case err != nil:
		return h.handBack(ctx, task, fmt.Errorf("lease: %w", err))
	}
	w := &worker{h: h, task: task, lease: lease, soft: soft, log: h.Log.With("import", task.Import)}
	return w.conclude(ctx, w.runPhases(ctx))
}

// runPhases works through the phases. Its errors are errDeadline, a *stopError, one
// that wraps stack.ErrFenced, or a fault.
func (w *worker) runPhases(ctx context.Context) (err error) {
	if w.job, err = w.h.Jobs.Get(ctx, w.task.Import); err != nil {
		return err
	}
	w.phase = w.job.Phase
	switch w.job.Phase {
	case stack.PhaseSent, stack.PhaseDone, stack.PhaseStopped:
		return nil
	}
	if w.settings, err = stack.ParseSettings(w.job.Settings); err != nil {
		return err
	}
	if w.progress, err = readProgress(w.job.Progress); err != nil {
		return err
	}
	w.began = w.progress
	w.began.Check, w.began.Send = w.progress.Check.clone(), w.progress.Send.clone()
	for _, phase := range []struct {
		name, next string
		do         func(context.Context) error
	}{
		{stack.PhaseHash, stack.PhaseCheck, w.hashObject},
		{stack.PhaseCheck, stack.PhaseSend, w.checkEntries},
		{stack.PhaseSend, stack.PhaseSent, w.sendEntries},
	} {
		if w.job.Phase != phase.name {
			continue
		}
		if err := phase.do(ctx); err != nil {
			return err
		}
		if err := w.job.Move(phase.next); err != nil {
			return err
		}
		if err := w.save(ctx); err != nil {
			return err
		}
		w.log.InfoContext(ctx, "phase ended", "phase", phase.name, "entries", w.progress.Check.Entries,
			"devices", w.progress.Check.devices(), "rejected", w.progress.Check.rejected())
	}
	return nil
}

// conclude does what the end of runPhases asks for. The message is done with when it
// returns nil.
func (w *worker) conclude(ctx context.Context, err error) error {
	var cause *stopError
	switch {
	case err == nil:
	case errors.Is(err, errDeadline):
		return w.handOn(ctx)
	case errors.As(err, &cause):
		err = w.stopJob(ctx, cause)
	}
	switch {
	case errors.Is(err, stack.ErrFenced):
		// Somebody else goes on from the last checkpoint. Its own message is
		// not ours to rely on.
		w.log.WarnContext(ctx, "the lease was taken by another invocation")
		return w.h.sendTask(ctx, w.task, stack.HandBack.First)
	case err == nil:
		err = w.settle(ctx)
	}
	w.release(ctx)
	if err == nil {
		return nil
	}
	if w.saved {
		w.task.Attempt = 0
	}
	switch w.job.Phase {
	case stack.PhaseHash, stack.PhaseCheck, stack.PhaseSend:
		w.noteCause(ctx, err)
	}
	return w.h.handBack(ctx, w.task, err)
}

// settle does what follows the last phase. It is repeated when the message
// comes again.
func (w *worker) settle(ctx context.Context) error {
	complete := stack.Task{Kind: stack.TaskComplete, Import: w.job.Import}
	switch w.job.Phase {
	case stack.PhaseStopped:
		if err := w.resumeSettings(); err != nil {
			return err
		}
		if err := w.beginImport(ctx); err != nil {
			return err
		}
	case stack.PhaseSent:
		// Where entries are pending, the importer that records the last one
		// sends this task.
		counts, err := w.h.Ledger.Counts(ctx, w.job.Import)
		if err != nil || counts.Pending() > 0 {
			return err
		}
	default:
		return nil
	}
	// The lease is given back first: completion takes it.
	w.release(ctx)
	return w.h.sendTask(ctx, complete, 0)
}

// save makes the progress durable.
func (w *worker) save(ctx context.Context) error {
	text, err := json.Marshal(w.progress)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	w.job.Progress, w.job.Updated = text, time.Now().UTC()
	if err := w.h.Leases.Save(ctx, w.lease, w.job); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if w.advanced() && !w.saved {
		w.saved = true
		w.clearCause(ctx)
	}
	return nil
}

func (w *worker) advanced() bool {
	return w.job.Phase != w.phase || w.progress.beyond(&w.began)
}

// handOn saves and sends the job to the next invocation.
func (w *worker) handOn(ctx context.Context) error {
	if w.advanced() {
		w.progress.Idle = 0
	} else if w.progress.Idle++; w.progress.Idle >= mostIdle {
		return w.conclude(ctx, stopf("phase %s does not come beyond %s: %d invocations in a row had not enough time; "+
			"raise the stack's parameter DecoderMemory, which is also the share of a processor", w.job.Phase, w.place(), w.progress.Idle))
	}
	if err := w.save(ctx); err != nil {
		return w.conclude(ctx, err)
	}
	w.release(ctx)
	w.log.InfoContext(ctx, "handed on", "phase", w.job.Phase, "at", w.place())
	return w.h.sendTask(ctx, stack.Task{Kind: stack.TaskContinue, Import: w.job.Import}, 0)
}

// place tells where the job stands.
func (w *worker) place() string {
	switch w.job.Phase {
	case stack.PhaseHash:
		return fmt.Sprintf("byte %d", w.progress.Hashed)
	case stack.PhaseCheck:
		return fmt.Sprintf("entry %d", w.progress.Check.Entries)
	}
	return fmt.Sprintf("entry %d", w.progress.Send.Entries)
}

// release gives the lease back. If that fails, it ends by itself.
func (w *worker) release(ctx context.Context) {
	if w.lease == (stack.Lease{}) {
		return
	}
	if err := w.h.Leases.Release(ctx, w.lease); err != nil {
		w.log.WarnContext(ctx, "lease not released", "error", err.Error())
	}
	w.lease = stack.Lease{}
}
