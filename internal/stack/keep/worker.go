package keep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// mostMargin and marginShare determine how much of the invocation's time is kept for saving and handing
	// on: the shorter of the two.
	mostMargin  = 10 * time.Second
	marginShare = 5
	// leaseSlack is how much longer a lease is than the invocation.
	leaseSlack = 5 * time.Second
	// leaseWithoutDeadline is for contexts without a deadline.
	leaseWithoutDeadline = 15 * time.Minute
	// mostCrashes is how many invocations in a row may die without saving anything, and mostIdle how many may
	// reach their deadline without any progress.
	mostCrashes = 3
	mostIdle    = 5
	// pauseMost is how long an invocation waits for the end of an outage of AWS IoT.
	pauseMost = 20 * time.Second
)

// Errors that end the work of an invocation.
var (
	errDeadline = errors.New("the deadline is near")
	errPaused   = errors.New("the command is paused")
)

// An endError ends a command before its end, because trying again would not help.
type endError struct{ cause string }

func (e *endError) Error() string { return e.cause }

// A worker is the work of one invocation on one command, under its lease.
type worker struct {
	*Keeper
	target   ledger.Target
	lease    stack.Lease
	job      stack.Job
	command  *stack.Command
	progress stack.CommandProgress
	began    stack.CommandProgress
	counted  time.Time // until when Worked is counted
	settled  bool      // this invocation has recorded outcomes that stand
	log      *slog.Logger

	imports []ledger.Import
	jobs    []stack.Job // of the imports
	// begin ends when no further call may begin, flight when calls are cancelled.
	begin, flight context.Context //nolint:containedctx // they live as long as the call of continueCommand
}

// continueCommand works on a command as far as time allows.
func (k *Keeper) continueCommand(ctx context.Context, target ledger.Target, task stack.Task) error {
	now := time.Now()
	until, begin, flight := now.Add(leaseWithoutDeadline), ctx, ctx
	if deadline, ok := ctx.Deadline(); ok {
		until = deadline.Add(leaseSlack)
		margin := min(mostMargin, deadline.Sub(now)/marginShare)
		var endBegin, endFlight context.CancelFunc
		begin, endBegin = context.WithDeadline(ctx, deadline.Add(-margin))
		defer endBegin()
		flight, endFlight = context.WithDeadline(ctx, deadline.Add(-margin/2))
		defer endFlight()
	}
	lease, err := k.Leases.Lease(ctx, task.Import, uuid.NewString(), until)
	var leased *stack.LeasedError
	switch {
	case errors.As(err, &leased):
		return k.send(ctx, task, leased.Wait(now))
	case errors.Is(err, ledger.ErrNotFound):
		return err
	case err != nil:
		return k.handBack(ctx, task, err)
	}
	w := &worker{
		Keeper: k, target: target, lease: lease, counted: now, begin: begin, flight: flight, log: k.Log.With("command", task.Import),
	}
	return w.conclude(ctx, task, w.carryOut(ctx))
}

// carryOut works on the command. The error is nil if there is nothing left to do, errDeadline, errPaused, an
// *endError, or a fault.
func (w *worker) carryOut(ctx context.Context) (err error) {
	if w.job, err = w.Jobs.Get(ctx, w.lease.Import); err != nil {
		return err
	}
	w.command = w.job.Command
	switch {
	case w.command == nil:
		return errors.New("it is not a command")
	case !w.Serves(w.command):
		return fmt.Errorf("this function does not carry out %s", w.command.Verb)
	}
	if w.progress, err = stack.ReadCommandProgress(w.job); err != nil {
		return err
	}
	w.began = w.progress
	if err := w.obey(ctx); err != nil || w.job.Ended() {
		return err
	}
	if n := w.lease.Crashes; n >= mostCrashes {
		return &endError{fmt.Sprintf("%d invocations in a row were killed; see the log of the function", n)}
	}
	if err := w.readImports(ctx); err != nil {
		return err
	}
	if w.command.Verb == stack.VerbVerify {
		return w.verify(ctx)
	}
	return w.runProgram(ctx)
}

// obey acts on the order that the command has.
func (w *worker) obey(ctx context.Context) error {
	switch order := w.job.Order; order.Kind {
	case "":
		return nil
	case stack.OrderPause, stack.OrderCancel:
		return heldBy(&w.job)
	default: // resume, or retry
		if w.job.Ended() {
			if order.Kind != stack.OrderRetry {
				return w.Orders.FinishOrder(ctx, w.job.Import, order)
			}
			if err := w.job.Move(stack.PhaseWork); err != nil {
				return err
			}
			w.progress = stack.CommandProgress{Calls: w.progress.Calls, Worked: w.progress.Worked}
			w.began = w.progress
			w.lease.Crashes = 0
		}
		if err := w.Jobs.SetCause(ctx, w.job.Import, "", time.Time{}); err != nil {
			return err
		}
		if err := w.save(ctx); err != nil {
			return err
		}
		w.job.Order, w.job.Cause = stack.Order{}, ""
		return w.Orders.FinishOrder(ctx, w.job.Import, order)
	}
}

// heldBy returns errPaused or an *endError if an operator wants the command not to go on.
func heldBy(job *stack.Job) error {
	switch {
	case job.Paused():
		return errPaused
	case job.Cancelled() && !job.Ended():
		by := ""
		if job.Order.By != "" {
			by = " by " + job.Order.By
		}
		return &endError{fmt.Sprintf("cancelled%s at %s", by, job.Order.At.UTC().Format(time.RFC3339))}
	}
	return nil
}

// readImports reads the imports of the command and their jobs.
func (w *worker) readImports(ctx context.Context) error {
	for _, id := range w.command.Of {
		i, err := w.Ledger.Import(ctx, id)
		if errors.Is(err, ledger.ErrNotFound) {
			return &endError{fmt.Sprintf("import %s is not in the ledger any more", id)}
		}
		if err != nil {
			return err
		}
		job, err := w.Jobs.Get(ctx, id)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			return &endError{fmt.Sprintf("import %s is not in the ledger any more", id)}
		case err != nil:
			return err
		case !job.Ended():
			return &endError{fmt.Sprintf("import %s has not ended", id)}
		case i.Target != w.target:
			return &endError{fmt.Sprintf("import %s went into account %s, %s", id, i.Target.Account, i.Target.Region)}
		}
		w.imports, w.jobs = append(w.imports, i), append(w.jobs, job)
	}
	return nil
}

// conclude acts on the error of carryOut. If it returns nil, the message is finished.
func (w *worker) conclude(ctx context.Context, task stack.Task, err error) error {
	var end *endError
	switch {
	case err == nil && w.job.Ended(), errors.Is(err, errPaused):
		w.release(ctx)
		return nil
	case err == nil:
		err = w.end(ctx, "")
	case errors.As(err, &end):
		err = w.end(ctx, end.cause)
	case errors.Is(err, errDeadline):
		return w.handOn(ctx, task)
	}
	switch {
	case err == nil:
		w.release(ctx)
		return nil
	case errors.Is(err, stack.ErrFenced): // another invocation goes on, but its message may be lost
		w.log.WarnContext(ctx, "the lease was taken by another invocation")
		return w.send(ctx, task, stack.HandBack.First)
	}
	// The cause comes before the release. A message that was delivered twice may end the command right after that.
	defer w.release(ctx)
	cause := err.Error()
	if todo := advice.Of(err, advice.Stack).Todo; todo != "" {
		cause += "; " + todo
	}
	if w.advanced() {
		task.Attempt = 0
	}
	if noted := w.Jobs.SetCause(ctx, w.lease.Import, cause, time.Now().Add(stack.HandBack.After(task.Attempt+1))); noted != nil {
		w.log.WarnContext(ctx, "cause not recorded", "error", noted.Error())
	}
	return w.handBack(ctx, task, err)
}

// end ends the command, with a cause if it did not reach its end.
func (w *worker) end(ctx context.Context, cause string) error {
	w.store()
	if err := w.Ender.End(ctx, w.lease, w.job, cause); err != nil {
		return err
	}
	w.log.InfoContext(ctx, "command ended", "verb", w.command.Verb, "cause", cause)
	return nil
}

// handOn saves the command, and sends it to the next invocation.
func (w *worker) handOn(ctx context.Context, task stack.Task) error {
	w.progress.Idle++
	if w.advanced() {
		w.progress.Idle = 0
	}
	if w.progress.Idle >= mostIdle {
		cause := fmt.Sprintf("%d invocations in a row made no progress at entry %d", mostIdle, w.progress.Next.Entry)
		return w.conclude(ctx, task, &endError{cause})
	}
	if err := w.save(ctx); err != nil {
		return w.conclude(ctx, task, err)
	}
	w.release(ctx)
	w.log.InfoContext(ctx, "handed on", "entry", w.progress.Next.Entry)
	return w.send(ctx, stack.Task{Kind: stack.TaskContinue, Import: task.Import}, 0)
}

// advanced reports whether this invocation has come further than the one before. The outcomes of a part of a stretch
// count, because the next invocation leaves these devices out.
func (w *worker) advanced() bool {
	return w.settled || w.progress.Next != w.began.Next || w.progress.Surveyed != w.began.Surveyed || w.progress.Stretch != w.began.Stretch
}

// store puts the progress into the job.
func (w *worker) store() {
	now := time.Now()
	w.progress.Worked += now.Sub(w.counted)
	w.counted = now
	w.job.Progress, _ = json.Marshal(w.progress) // texts and numbers cannot fail
}

// save makes the progress durable.
func (w *worker) save(ctx context.Context) error {
	w.store()
	if err := w.Leases.Save(ctx, w.lease, w.job); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// checkpoint saves the progress, and returns an error if the time is over or the operator has given an order.
func (w *worker) checkpoint(ctx context.Context) error {
	if err := w.save(ctx); err != nil {
		return err
	}
	fresh, err := w.Jobs.Get(ctx, w.job.Import)
	if err != nil {
		return err
	}
	if fresh.Cause != "" && w.advanced() { // it makes progress again
		if err := w.Jobs.SetCause(ctx, w.job.Import, "", time.Time{}); err != nil {
			return err
		}
	}
	w.job.Order = fresh.Order
	if err := heldBy(&fresh); err != nil {
		return err
	}
	if w.begin.Err() != nil {
		return errDeadline
	}
	return nil
}

// release gives the lease back. If that fails, the lease expires.
func (w *worker) release(ctx context.Context) {
	if err := w.Leases.Release(ctx, w.lease); err != nil {
		w.log.WarnContext(ctx, "lease not released", "error", err.Error())
	}
}

// addCalls adds the calls of a run to those of the command.
func (w *worker) addCalls(calls map[string]int) {
	if w.progress.Calls == nil {
		w.progress.Calls = map[string]int{}
	} else {
		w.progress.Calls = maps.Clone(w.progress.Calls)
	}
	for op, n := range calls {
		w.progress.Calls[op] += n
	}
}
