// Package complete ends the imports of a stack: it writes their reports,
// holds the invariant, closes them in the ledger, and sends their notices. It
// also looks after open imports that nobody works on.
package complete

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Records reads the outcomes of an import, as [ledger.Reader] does.
type Records interface {
	Records(ctx context.Context, id string) iter.Seq2[ledger.Record, error]
}

// A Completer ends imports. All fields must be set. It is safe for concurrent use.
type Completer struct {
	Ledger    stack.Ledger
	Records   Records
	Jobs      stack.Jobs
	Leases    stack.Leases
	Store     Store
	Bucket    string // of reports
	Manifests stack.Queue
	Notices   stack.Notices
	Metrics   stack.Metrics
	Log       *slog.Logger
	// Owner names this instance in the leases that it holds.
	Owner string
}

const (
	// leaseTime is how long a lease is taken for if the context has no deadline.
	leaseTime = 15 * time.Minute
	// againAfter is when completion is tried again that came too early.
	againAfter = 30 * time.Second
	// againMost is how often; the sweep does it afterwards.
	againMost = 10
)

// Complete ends the import of a task of kind complete: the report is written,
// the import closed and the notice sent. An import that is not ready, or that
// is ended already and unchanged since, is left alone; one that another
// instance works on is put off by a new task. So Complete can be called as often
// as one likes, and at any time; the caller must not hold the job's lease.
//
// For a job in phase stopped it writes the report of what was read and done,
// closes the import as stopped with the job's cause, and sends the cause, if the
// import was begun. Either way the job is done then.
//
// After an error it can be called again, and then does all of it again.
func (c *Completer) Complete(ctx context.Context, task stack.Task) error {
	job, err := c.Jobs.Get(ctx, task.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		c.Log.WarnContext(ctx, "completion of an import that is not in the ledger", "import", task.Import)
		return nil
	}
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	ready, err := c.isReady(ctx, job, task)
	if err != nil || !ready {
		return err
	}
	lease, err := c.Leases.Lease(ctx, job.Import, c.Owner, leaseEnd(ctx))
	var leased *stack.LeasedError
	if errors.As(err, &leased) {
		return c.postpone(ctx, task, time.Until(leased.Until))
	}
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	err = c.endImport(ctx, lease, task)
	if released := c.Leases.Release(context.WithoutCancel(ctx), lease); err == nil && released != nil {
		err = fmt.Errorf("complete: import %s: %w", job.Import, released)
	}
	return err
}

// leaseEnd is the end of a lease that outlives the invocation by little.
func leaseEnd(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline
	}
	return time.Now().Add(leaseTime)
}

// isReady reports whether there is something to end.
func (c *Completer) isReady(ctx context.Context, job stack.Job, task stack.Task) (bool, error) {
	i, err := c.Ledger.Import(ctx, job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil // its manifest is not read yet
	}
	if err != nil {
		return false, fmt.Errorf("complete: %w", err)
	}
	switch job.Phase {
	case stack.PhaseStopped:
		return true, nil
	case stack.PhaseDone:
		if i.State == ledger.StateStopped {
			return false, nil
		}
	case stack.PhaseSent:
	default:
		// The last device was imported before the decoder had recorded that all are sent.
		if i.Counts.Pending() > 0 {
			return false, nil
		}
		return false, c.postpone(ctx, task, againAfter)
	}
	if i.Counts.Pending() > 0 {
		return false, nil // the function that records the last outcome asks again
	}
	ended := job.Phase == stack.PhaseDone && i.State == ledger.StateFinished && reported(job) == i.Counts
	return !ended, nil
}

// postpone puts a task off.
func (c *Completer) postpone(ctx context.Context, task stack.Task, delay time.Duration) error {
	if task.Attempt++; task.Attempt > againMost {
		c.Log.WarnContext(ctx, "completion is left to the sweep", "import", task.Import)
		return nil
	}
	return c.sendTasks(ctx, max(delay, time.Second).Round(time.Second), task)
}

func (c *Completer) sendTasks(ctx context.Context, delay time.Duration, tasks ...stack.Task) error {
	messages := make([]stack.Message, len(tasks))
	for i, task := range tasks {
		messages[i] = task.Message(delay)
	}
	if err := c.Manifests.Send(ctx, messages); err != nil {
		return fmt.Errorf("send tasks: %w", err)
	}
	return nil
}

// endImport writes, closes and tells. Each step can be done again.
func (c *Completer) endImport(ctx context.Context, lease stack.Lease, task stack.Task) error {
	job, err := c.Jobs.Get(ctx, lease.Import)
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	i, err := c.Ledger.Import(ctx, job.Import)
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	before := i.Counts
	written, err := c.writeReport(ctx, i, job.Vendor)
	if err != nil {
		return err
	}
	if i.Counts, err = c.Ledger.Counts(ctx, job.Import); err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	stopped := job.Phase == stack.PhaseStopped
	if i.Counts != before && !stopped {
		return c.postpone(ctx, task, againAfter) // a device was tried again meanwhile
	}
	ending := ledger.End{State: ledger.StateFinished, At: time.Now()}
	unbalanced := balance(written.counts, before)
	switch {
	case stopped:
		ending.State, ending.Cause = ledger.StateStopped, job.Cause
	case unbalanced != nil:
		c.Log.ErrorContext(ctx, unbalanced.Error(), "import", job.Import)
		ending.State, ending.Cause = ledger.StateStopped, unbalanced.Error()
		if err := c.Jobs.SetCause(ctx, job.Import, ending.Cause, time.Time{}); err != nil {
			return fmt.Errorf("complete: %w", err)
		}
	case job.Cause != "":
		if err := c.Jobs.SetCause(ctx, job.Import, "", time.Time{}); err != nil {
			return fmt.Errorf("complete: %w", err)
		}
	}
	if err := c.closeImport(ctx, i.ID, ending); err != nil {
		return err
	}
	i.State, i.Cause, i.Ended = ending.State, ending.Cause, ending.At
	if err := c.Notices.Notify(ctx, subject(i), c.text(i, job, written)); err != nil {
		return fmt.Errorf("import %s: %w", i.ID, err)
	}
	if err := job.Move(stack.PhaseDone); err != nil {
		return err
	}
	job.Progress = mark(i.Counts)
	if err := c.Leases.Save(ctx, lease, job); err != nil {
		return fmt.Errorf("complete: import %s: %w", i.ID, err)
	}
	c.Log.InfoContext(ctx, "import ended", "import", i.ID, "state", string(i.State), "counts", i.Counts)
	return nil
}

func (c *Completer) closeImport(ctx context.Context, id string, ending ledger.End) error {
	journal, err := c.Ledger.Resume(ctx, id)
	if err != nil {
		return fmt.Errorf("close import %s: %w", id, err)
	}
	if err := journal.Close(ctx, ending); err != nil {
		return fmt.Errorf("close import %s: %w", id, err)
	}
	return nil
}

// balance holds the invariant: what the report has is what was counted, and
// that is as many entries as were read.
func balance(written, counted ledger.Counts) error {
	written.Entries += counted.Pending()
	if written != counted {
		return &engine.BalanceError{Detail: fmt.Sprintf("the report has %+v, the counters have %+v", written, counted)}
	}
	return nil
}

// A marker is the progress of a job that is done: the counts that were reported.
type marker struct {
	Reported ledger.Counts `json:"reported"`
}

func mark(counts ledger.Counts) []byte {
	text, _ := json.Marshal(marker{counts}) // numbers cannot fail
	return text
}

// reported returns the counts of the report of a job that is done.
func reported(job stack.Job) ledger.Counts {
	var m marker
	if err := json.Unmarshal(job.Progress, &m); err != nil {
		return ledger.Counts{Entries: -1} // never equal to any
	}
	return m.Reported
}
