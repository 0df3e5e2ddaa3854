// Package complete ends the imports of a stack: it writes their reports, checks that
// they add up, closes them in the ledger, and sends their notices. It also sweeps
// open imports, and continues those that no function works on.
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

// Records reads the outcomes of an import, from a place on, in the order of the entries. It
// stops after an error.
type Records interface {
	RecordsFrom(ctx context.Context, id string, from ledger.Place) iter.Seq2[ledger.Record, error]
}

// An Outbox sends notices, and later those that could not be sent, as *stack.Courier does.
type Outbox interface {
	stack.Notices
	// SendKept sends the notices that could not be sent before.
	SendKept(ctx context.Context) error
}

// A Completer ends imports. All fields must be set. It is safe for concurrent use.
type Completer struct {
	Ledger    stack.Ledger
	Records   Records
	Jobs      stack.Jobs
	Orders    stack.Orders
	Leases    stack.Leases
	Store     Store
	Bucket    string // of the reports
	Manifests stack.Queue
	// Commands returns the queue of the function that carries out a later command; nil if the stack has none.
	Commands func(*stack.Command) stack.Queue
	// Waiting returns the number of messages in the devices queue.
	Waiting func(ctx context.Context) (int, error)
	Notices Outbox
	Metrics stack.Metrics
	Log     *slog.Logger
	// Owner names this instance in the leases that it holds.
	Owner string
	// Stack is the name of the stack.
	Stack string
}

const (
	// leaseTime is the length of a lease if the context has no deadline.
	leaseTime = 15 * time.Minute
	// againAfter is when a completion that came too early is tried again.
	againAfter = 30 * time.Second
	// againMost is how often. After that the sweep does it.
	againMost = 10
)

// Complete ends the import of a task of kind complete: it writes the report, closes
// the import and sends the notice. It does nothing for an import that is not ready,
// or that has ended and not changed since. If another instance works on the import,
// Complete sends a new task for later. So it can be called at any time, and
// repeatedly. The caller must not hold the lease of the job.
//
// For a job in phase stopped, Complete reports what was read and done, closes the
// import as stopped with the cause of the job, and sends the cause, if the import was
// begun. In either case the job is then done.
//
// After an error Complete can be called again, and repeats every step.
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
		return c.postpone(ctx, task, leased.Wait(time.Now()))
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

// leaseEnd returns when a lease ends: at the deadline of the invocation, if there is
// one.
func leaseEnd(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline
	}
	return time.Now().Add(leaseTime)
}

// isReady reports whether there is an import to end.
func (c *Completer) isReady(ctx context.Context, job stack.Job, task stack.Task) (bool, error) {
	i, err := c.Ledger.Import(ctx, job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil // its manifest has not been read yet
	}
	if err != nil {
		return false, fmt.Errorf("complete: %w", err)
	}
	switch job.Phase {
	case stack.PhaseStopped:
		return true, nil
	case stack.PhaseDone:
		if i.State == ledger.StateStopped {
			// Calls that had begun when the import was cancelled come to their end later.
			return job.Cancelled() && reported(job) != i.Counts, nil
		}
	case stack.PhaseSent:
	default:
		// The last device was imported before the decoder recorded that all were
		// sent.
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

// postpone sends a task again, with a delay.
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

// endImport writes the report, closes the import and sends the notice. Each step can
// be repeated.
func (c *Completer) endImport(ctx context.Context, lease stack.Lease, task stack.Task) error {
	job, err := c.Jobs.Get(ctx, lease.Import)
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	// Before this invocation had the lease, another one may have ended the import, or
	// the operator may have retried it.
	if ready, err := c.isReady(ctx, job, task); err != nil || !ready {
		return err
	}
	i, err := c.Ledger.Import(ctx, job.Import)
	if err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	before := i.Counts
	written, next, err := c.writeReport(ctx, i, job.Vendor, task.Report)
	if err != nil {
		return err
	}
	if next != "" {
		c.Log.InfoContext(ctx, "report handed on", "import", i.ID)
		return c.sendTasks(ctx, 0, stack.Task{Kind: stack.TaskComplete, Import: i.ID, Report: next})
	}
	whole := task.Report == "" // the report took no other invocation
	task.Report = ""
	if i.Counts, err = c.Ledger.Counts(ctx, job.Import); err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	stopped := job.Phase == stack.PhaseStopped || job.Stopped() && job.Cancelled()
	if i.Counts != before && !stopped {
		return c.postpone(ctx, task, againAfter) // a device was retried meanwhile
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
	written.page = whole && c.writePage(ctx, i, job.Vendor)
	if err := c.Notices.Notify(ctx, c.notice(i, job, written)); err != nil {
		return fmt.Errorf("import %s: %w", i.ID, err)
	}
	if err := job.Move(stack.PhaseDone); err != nil {
		return err
	}
	job.Progress = mark(job.Progress, i.Counts)
	if err := c.Leases.Save(ctx, lease, job); err != nil {
		return fmt.Errorf("complete: import %s: %w", i.ID, err)
	}
	c.Log.InfoContext(ctx, "import ended", "import", i.ID, "state", string(i.State), "counts", i.Counts)
	if i.State != ledger.StateStopped || job.Cancelled() {
		return nil
	}
	if err := c.Metrics.Put(map[stack.Metric]float64{stack.MetricStoppedImports: 1}); err != nil {
		c.Log.ErrorContext(ctx, "metrics could not be written", "error", err.Error())
	}
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

// balance returns an error unless the report has the outcomes that were counted, and
// one for each entry that is not pending.
func balance(written, counted ledger.Counts) error {
	written.Entries += counted.Pending()
	if written != counted {
		return &engine.BalanceError{Detail: fmt.Sprintf("the report has %+v, the counters have %+v", written, counted)}
	}
	return nil
}

// markReported is the name under which the progress of a job that is done has the counts in
// its report. The rest is the decoder's, which needs it to retry the import.
const markReported = "reported"

// mark adds the counts in the report to the progress of a job.
func mark(progress []byte, counts ledger.Counts) []byte {
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal(progress, &fields) // without a progress there are none
	fields[markReported], _ = json.Marshal(counts)
	text, _ := json.Marshal(fields) // numbers and what was JSON before cannot fail
	return text
}

// reported returns the counts in the report of a job that is done.
func reported(job stack.Job) ledger.Counts {
	var m struct {
		Reported ledger.Counts `json:"reported"`
	}
	if err := json.Unmarshal(job.Progress, &m); err != nil {
		return ledger.Counts{Entries: -1} // equal to no counts
	}
	return m.Reported
}
