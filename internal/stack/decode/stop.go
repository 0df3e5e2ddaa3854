package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/stack"
)

// stopJob records that the import ends here. What follows, the ledger's record
// and completion with report and notice, is done by settle, and again if this
// invocation does not come to it.
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

// resumeSettings has what the ledger's record is made of if runPhases has not
// read it, because the job was found stopped.
func (w *worker) resumeSettings() (err error) {
	if w.settings, err = stack.ParseSettings(w.job.Settings); err != nil {
		return err
	}
	w.progress, err = readProgress(w.job.Progress)
	return err
}

// noteCause tells people who look why the job does not move. What it says of a job
// that is stopped would take the place of that job's own cause, so it is only
// for those that are known to be on their way.
func (w *worker) noteCause(ctx context.Context, cause error) {
	retryAt := time.Now().Add(stack.HandBack.After(w.task.Attempt + 1))
	if err := w.h.Jobs.SetCause(ctx, w.job.Import, cause.Error(), retryAt); err != nil {
		w.log.WarnContext(ctx, "cause not noted", "error", err.Error())
	}
}

// handBack sends a task again because of what is wrong with AWS, or with what
// this function may do, at the moment; later each time, until it is too often:
// then the message itself comes again and ends in the dead-letter queue.
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

// clearCause takes back what was noted in an earlier invocation.
func (w *worker) clearCause(ctx context.Context) {
	if w.task.Attempt == 0 || w.job.Phase == stack.PhaseStopped {
		return
	}
	w.job.Cause, w.job.RetryAt = "", time.Time{}
	if err := w.h.Jobs.SetCause(ctx, w.job.Import, "", time.Time{}); err != nil {
		w.log.WarnContext(ctx, "cause not taken back", "error", err.Error())
	}
}
