package decode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// errPaused is returned if the operator has paused the import.
var errPaused = errors.New("the import is paused")

// obey acts on the order of the job. The error is errPaused, a *stopError for an
// import that is cancelled, or a fault.
func (w *worker) obey(ctx context.Context) error {
	order := w.job.Order
	switch {
	case order.Kind == stack.OrderPause, order.Kind == stack.OrderCancel:
		return heldBy(&w.job)
	case w.job.Ended() && order.Kind != stack.OrderRetry: // it ended first, and only a retry opens it again
		w.job.Order = stack.Order{}
		return w.h.Orders.FinishOrder(ctx, w.job.Import, order)
	default:
		if err := w.carryOut(ctx, order); err != nil {
			return fmt.Errorf("%s: %w", order.Kind, err)
		}
		w.log.InfoContext(ctx, "order carried out", "order", order.Kind, "by", order.By, "phase", w.job.Phase)
		return nil
	}
}

// heldBy returns errPaused or a *stopError if the job is not to go on, else nil.
func heldBy(job *stack.Job) error {
	switch {
	case job.Ended():
		return nil
	case job.Paused():
		return errPaused
	case job.Cancelled():
		by := ""
		if job.Order.By != "" {
			by = " by " + job.Order.By
		}
		return stopf("cancelled%s at %s", by, job.Order.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkpoint makes the progress durable, and returns the error of [heldBy] if the
// operator has given an order meanwhile.
func (w *worker) checkpoint(ctx context.Context) error {
	if err := w.save(ctx); err != nil {
		return err
	}
	fresh, err := w.h.Jobs.Get(ctx, w.job.Import)
	if err != nil {
		return err
	}
	w.job.Order = fresh.Order
	return heldBy(&fresh)
}

// carryOut carries out an order to go on. The job begins its second pass again, which
// leaves out every entry with an outcome. If its manifest was not read completely, it
// begins with that. A repetition does no harm.
func (w *worker) carryOut(ctx context.Context, order stack.Order) error {
	begun := true
	counts, err := w.h.Ledger.Counts(ctx, w.job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		begun, err = false, nil
	}
	if err != nil {
		return err
	}
	p, err := readProgress(w.job.Progress)
	if err != nil {
		return err
	}
	settled := counts.Entries - counts.Pending()
	ended := w.job.Ended()
	checked := p.Checked || p.Send.Entries > 0 || w.job.Phase == stack.PhaseSend || w.job.Phase == stack.PhaseSent
	switch {
	case checked:
		p.again(settled)
		err = w.moveTo(stack.PhaseSend)
	case ended:
		p = progress{Published: p.Published}
		p.again(settled)
		err = errors.Join(w.moveTo(stack.PhaseHash), w.renewSettings(settled))
	}
	if err != nil {
		return err
	}
	if order.Kind == stack.OrderRetry {
		w.job.Retried = time.Now().UTC() // by the clock of the functions, as the outcomes are
	}
	w.job.Sent = p.sent()
	if w.job.Progress, err = json.Marshal(p); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := w.h.Leases.Save(ctx, w.lease, w.job); err != nil {
		return err
	}
	if err := w.h.Jobs.SetCause(ctx, w.job.Import, "", time.Time{}); err != nil {
		return err
	}
	if ended && begun {
		if _, err := w.h.Ledger.Resume(ctx, w.job.Import); err != nil { // marks it as running
			return err
		}
	}
	if err := w.h.Orders.FinishOrder(ctx, w.job.Import, order); err != nil {
		return err
	}
	w.job.Order, w.job.Cause, w.job.RetryAt = stack.Order{}, "", time.Time{}
	return nil
}

// moveTo moves the job to a phase, unless it is in it.
func (w *worker) moveTo(phase string) error {
	if w.job.Phase == phase {
		return nil
	}
	return w.job.Move(phase)
}

// renewSettings makes an import that begins from the start read the settings again,
// unless entries have an outcome, which must all be judged alike. Whatever stopped it may
// have been corrected there.
func (w *worker) renewSettings(settled int) (err error) {
	if settled > 0 {
		return nil
	}
	w.job.Signers = nil
	w.job.Settings, err = stack.ProvisionalSettings(time.Now())
	return err
}
