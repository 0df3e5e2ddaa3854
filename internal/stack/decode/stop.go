package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/stack"
)

// stopJob records that the import ends here. What follows is done by settle: the
// ledger's record, and completion with report and notice. If this invocation does not
// get that far, a later one does it.
func (w *worker) stopJob(ctx context.Context, cause *stopError) error {
	text := cause.Error()
	if todo := advice.Of(cause, advice.Stack).Todo; todo != "" {
		text += "; " + todo
	}
	if err := w.job.Move(stack.PhaseStopped); err != nil {
		return err
	}
	w.job.Cause, w.job.RetryAt = text, time.Time{}
	if err := w.save(ctx); err != nil {
		return err
	}
	w.log.ErrorContext(ctx, "import stopped", "cause", w.job.Cause, "entry", w.progress.Check.Entries)
	return nil
}

// noteCause records why the job does not move, for people who look at it. It must not
// be called for a stopped job, because it would replace the cause of the stop.
func (w *worker) noteCause(ctx context.Context, cause error) {
	retryAt := time.Now().Add(stack.HandBack.After(w.task.Attempt + 1))
	if err := w.h.Jobs.SetCause(ctx, w.job.Import, cause.Error(), retryAt); err != nil {
		w.log.WarnContext(ctx, "cause not recorded", "error", err.Error())
	}
}

// handBack sends a task again after a temporary fault of AWS or a denied permission,
// each time with a longer delay. After too many times it returns an error: then the
// message itself is delivered again, and ends in the dead-letter queue.
func (h *Handler) handBack(ctx context.Context, task stack.Task, err error) error {
	if task.Attempt >= mostFaults {
		return fmt.Errorf("import %s: handed back %d times: %w", task.Import, task.Attempt, err)
	}
	task.Attempt++
	delay := stack.HandBack.After(task.Attempt)
	h.Log.WarnContext(ctx, "handed back", "import", task.Import, "attempt", task.Attempt, "delay", delay.String(), "cause", err.Error())
	if sent := h.sendTask(ctx, task, delay); sent != nil {
		return errors.Join(err, sent)
	}
	return nil
}

// clearCause removes the cause that an earlier invocation recorded.
func (w *worker) clearCause(ctx context.Context) {
	if w.task.Attempt == 0 || w.job.Phase == stack.PhaseStopped {
		return
	}
	w.job.Cause, w.job.RetryAt = "", time.Time{}
	if err := w.h.Jobs.SetCause(ctx, w.job.Import, "", time.Time{}); err != nil {
		w.log.WarnContext(ctx, "cause not cleared", "error", err.Error())
	}
}
