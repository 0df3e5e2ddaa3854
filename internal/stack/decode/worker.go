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
	// mostMargin and marginShare determine how much of the invocation's time is kept
	// for saving and handing on: the shorter of the two.
	mostMargin  = 10 * time.Second
	marginShare = 5 // one part in this many of the time left at the start
	// leaseSlack is how much longer a lease is than the invocation, so that clocks
	// need not agree to the second.
	leaseSlack = 5 * time.Second
	// leaseWithoutDeadline is for contexts without a deadline.
	leaseWithoutDeadline = 15 * time.Minute
	// mostIdle is how many invocations in a row may make no progress before their
	// deadline. One may have had bad luck; after two, the job would never end.
	mostIdle = 2
	// mostCrashes is how many invocations in a row may die without any progress, such as
	// for lack of memory. The messages of a job do not show it, because some are sent as new ones.
	mostCrashes = 3
)

var (
	// errDeadline is returned when it is time to hand the job on.
	errDeadline = errors.New("the deadline is near")
	// errEarly is returned if the job waits, and another message will continue it.
	errEarly = errors.New("another message will continue the job")
)

// A stopError ends an import, because retrying would not help.
type stopError struct{ cause error }

func (e *stopError) Error() string { return e.cause.Error() }
func (e *stopError) Unwrap() error { return e.cause }

func stopf(format string, args ...any) error { return &stopError{fmt.Errorf(format, args...)} }

// A worker is the work of one invocation on one job, under its lease.
type worker struct {
	h     *Handler
	task  stack.Task
	lease stack.Lease
	job   stack.Job
	log   *slog.Logger

	settings engine.Settings
	allowed  stack.Allowed
	variants *variants
	progress progress
	began    progress // when this invocation began
	phase    string   // when this invocation began
	saved    bool     // progress of this invocation is saved
	// soft ends when it is time to hand the job on. Reading uses it; making progress
	// durable uses the context of the invocation.
	soft context.Context //nolint:containedctx // lives as long as the call of continueJob
}

// continueJob continues a job as far as time allows.
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
		return h.sendTask(ctx, task, leased.Wait(time.Now()))
	case errors.Is(err, ledger.ErrNotFound):
		return err
	case err != nil:
		return h.handBack(ctx, task, fmt.Errorf("lease: %w", err))
	}
	w := &worker{h: h, task: task, lease: lease, soft: soft, log: h.Log.With("import", task.Import)}
	return w.conclude(ctx, w.runPhases(ctx))
}

// runPhases works through the phases. The error is errDeadline, errFull, errEarly,
// errPaused, a *stopError, one that wraps stack.ErrFenced, or a fault.
func (w *worker) runPhases(ctx context.Context) (err error) {
	if w.job, err = w.h.Jobs.Get(ctx, w.task.Import); err != nil {
		return err
	}
	if w.job.Command != nil { // another function carries it out
		return errEarly
	}
	ordered := w.job.Order.Kind != ""
	if !ordered && (w.job.Phase == stack.PhaseSent || w.job.Ended()) {
		return nil
	}
	if err := w.readJob(); err != nil {
		return err
	}
	if ordered {
		if err := w.obey(ctx); err != nil {
			return err
		}
		if err := w.readJob(); err != nil {
			return err
		}
	}
	w.phase = w.job.Phase
	if n := w.lease.Crashes; n >= w.h.crashes && !ordered {
		return stopf("phase %s does not get past %s: %d invocations in a row were killed; see the decoder's log, and raise the stack's "+
			"parameter DecoderMemory if they ran out of memory", w.job.Phase, w.place(), n)
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

// readJob reads settings and progress of the job.
func (w *worker) readJob() (err error) {
	if w.settings, err = stack.ParseSettings(w.job.Settings); err != nil {
		return err
	}
	if w.allowed, err = stack.ParseAllowed(w.job.Settings); err != nil {
		return err
	}
	w.progress, err = readProgress(w.job.Progress)
	return err
}

// conclude acts on the error of runPhases. If it returns nil, the message is
// finished.
func (w *worker) conclude(ctx context.Context, err error) error {
	var cause *stopError
	switch {
	case err == nil:
	case errors.Is(err, errDeadline):
		return w.handOn(ctx)
	case errors.Is(err, errFull):
		return w.waitForRoom(ctx)
	case errors.Is(err, errEarly), errors.Is(err, errPaused):
		w.release(ctx)
		return nil
	case errors.As(err, &cause):
		err = w.stopJob(ctx, cause)
	}
	switch {
	case errors.Is(err, stack.ErrFenced):
		// Another invocation continues from the last checkpoint, but we cannot rely
		// on its message.
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

// settle does what follows the last phase. It is repeated if the message is delivered
// again.
func (w *worker) settle(ctx context.Context) error {
	complete := stack.Task{Kind: stack.TaskComplete, Import: w.job.Import}
	switch w.job.Phase {
	case stack.PhaseStopped:
		if err := w.readJob(); err != nil {
			return err
		}
		if err := w.beginImport(ctx); err != nil {
			return err
		}
	case stack.PhaseSent:
		// If entries are pending, the importer that records the last one sends this
		// task.
		counts, err := w.h.Ledger.Counts(ctx, w.job.Import)
		if err != nil || counts.Pending() > 0 {
			return err
		}
	default:
		return nil
	}
	// Release the lease first, because completion takes it.
	w.release(ctx)
	return w.h.sendTask(ctx, complete, 0)
}

// save makes the progress durable.
func (w *worker) save(ctx context.Context) error {
	text, err := json.Marshal(w.progress)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	w.job.Progress, w.job.Sent, w.job.Updated = text, w.progress.sent(), time.Now().UTC()
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

// handOn saves the job and sends it to the next invocation.
func (w *worker) handOn(ctx context.Context) error {
	if w.advanced() {
		w.progress.Idle = 0
	} else if w.progress.Idle++; w.progress.Idle >= mostIdle {
		return w.conclude(ctx, stopf("phase %s does not get past %s: %d invocations in a row ran out of time; "+
			"raise the stack's parameter DecoderMemory, which also gives the function more CPU", w.job.Phase, w.place(), w.progress.Idle))
	}
	if err := w.save(ctx); err != nil {
		return w.conclude(ctx, err)
	}
	w.release(ctx)
	w.log.InfoContext(ctx, "handed on", "phase", w.job.Phase, "at", w.place())
	return w.h.sendTask(ctx, stack.Task{Kind: stack.TaskContinue, Import: w.job.Import}, 0)
}

// place returns where the job is.
func (w *worker) place() string {
	switch w.job.Phase {
	case stack.PhaseHash:
		return fmt.Sprintf("byte %d", w.progress.Hashed)
	case stack.PhaseCheck:
		return fmt.Sprintf("entry %d", w.progress.Check.Entries)
	}
	return fmt.Sprintf("entry %d", w.progress.Send.Entries)
}

// release gives the lease back. If that fails, the lease expires.
func (w *worker) release(ctx context.Context) {
	if w.lease == (stack.Lease{}) {
		return
	}
	if err := w.h.Leases.Release(ctx, w.lease); err != nil {
		w.log.WarnContext(ctx, "lease not released", "error", err.Error())
	}
	w.lease = stack.Lease{}
}
