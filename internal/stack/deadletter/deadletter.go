// Package deadletter is the function for the dead-letter queues. It takes the
// messages that the other functions could not handle after repeated deliveries, and
// turns them into outcomes: it fails the device, or stops the import of the manifest.
// So every import ends, with a cause.
//
// It moves the messages that it has handled to a parked queue, from which an operator
// can move them back once the cause is gone. SQS itself moves those there that it
// cannot handle.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A Stopper stops imports, as *complete.Completer does.
type Stopper interface {
	Stop(ctx context.Context, importID, cause string, target ledger.Target) error
}

// A Consumer handles the messages of both dead-letter queues. All fields must be set.
type Consumer struct {
	Ledger  stack.Ledger
	Jobs    stack.Jobs
	Leases  stack.Leases
	Stopper Stopper
	// Commands ends later commands.
	Commands *stack.CommandEnder
	// Manifests is the queue for completion tasks.
	Manifests stack.Queue
	// ManifestsParked and DevicesParked keep the handled messages.
	ManifestsParked, DevicesParked stack.Queue
	Notices                        stack.Notices
	Metrics                        stack.Metrics
	Log                            *slog.Logger
	// Stack is the name of the stack, for the commands in notices.
	Stack string
	// Started returns the imports of the uploads in an event of S3, and creates the
	// jobs of new ones. It returns none for any other event.
	Started func(ctx context.Context, body string) (imports []string, err error)
}

// Causes of failed devices and stopped imports.
const (
	causeDevice   = "the importer could not handle the message of the device, although it was delivered several times"
	causeManifest = "the decoder could not handle the message of the manifest, although it was delivered several times; see its log"
	causeCommand  = "the function could not handle the message of the command, although it was delivered several times; see its log"
	causeComplete = "the report could not be written after several attempts; see the log of the decoder"
)

// completeAgain is how long the sweep waits before it retries a completion that ended
// here.
const completeAgain = 24 * time.Hour

// Handle handles a batch, and returns the IDs of the messages that must not be
// acknowledged. A message may be delivered again.
func (c *Consumer) Handle(ctx context.Context, target ledger.Target, messages []stack.Delivery) (failed []string) {
	for _, m := range messages {
		if err := c.handleMessage(ctx, target, m.Body); err != nil {
			c.Log.ErrorContext(ctx, "undeliverable message not handled", "message_id", m.ID, "error", err.Error())
			failed = append(failed, m.ID)
		}
	}
	if err := c.Metrics.Put(map[stack.Metric]float64{stack.MetricUndeliverable: float64(len(messages))}); err != nil {
		c.Log.ErrorContext(ctx, "metrics could not be written", "error", err.Error())
	}
	return failed
}

func (c *Consumer) handleMessage(ctx context.Context, target ledger.Target, body string) error {
	if m, err := stack.ParseDeviceMessage(body); err == nil {
		return c.settleDevice(ctx, m, body)
	}
	task, ours, err := stack.ParseTask(body)
	if err != nil {
		return err
	}
	if ours {
		return c.settleTask(ctx, target, task, body)
	}
	return c.stopUploads(ctx, target, body)
}

// settleDevice fails a device, unless another delivery has recorded its outcome.
func (c *Consumer) settleDevice(ctx context.Context, m stack.DeviceMessage, body string) error {
	job, err := c.Jobs.Get(ctx, m.Import)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	if job.Held() { // it is sent again if the import goes on
		c.Log.InfoContext(ctx, "an undeliverable device was dropped", "import", m.Import, "entry", m.Entry, "order", job.Order.Kind)
		return nil
	}
	outcomes, err := c.Ledger.Outcomes(ctx, m.Import, []int{m.Entry})
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	record, ok := outcomes[m.Entry]
	if ok && record.Reason != string(device.ReasonUndeliverable) {
		c.Log.InfoContext(ctx, "the outcome of an undeliverable device stands",
			"import", m.Import, "entry", m.Entry, "outcome", string(record.Outcome))
		return stack.RequestCompletion(ctx, c.Ledger, c.Manifests, job)
	}
	if !ok {
		if err := c.recordFailure(ctx, job, m); err != nil {
			return err
		}
	}
	if err := c.DevicesParked.Send(ctx, []stack.Message{{Body: body}}); err != nil {
		return fmt.Errorf("park: import %s: entry %d: %w", m.Import, m.Entry, err)
	}
	return stack.RequestCompletion(ctx, c.Ledger, c.Manifests, job)
}

func (c *Consumer) recordFailure(ctx context.Context, job stack.Job, m stack.DeviceMessage) error {
	detail := causeDevice
	if m.Cause != "" {
		detail += "; before that it was handed back because of: " + m.Cause
	}
	journal, err := c.Ledger.Resume(ctx, m.Import)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	err = journal.Record(ctx, []ledger.Record{{
		Place: ledger.Place{Entry: m.Entry}, Line: m.Line, Outcome: ledger.Failed,
		ID: m.ID, ThingName: m.ThingName, CertificateID: m.CertificateID(),
		Reason: string(device.ReasonUndeliverable), Detail: manifest.InMember(m.Member, detail), At: time.Now(),
	}})
	if err == nil && job.Stopped() {
		err = stack.CloseAgain(ctx, c.Ledger, job)
	}
	if err != nil {
		return fmt.Errorf("import %s: entry %d: %w", m.Import, m.Entry, err)
	}
	c.Log.WarnContext(ctx, "device failed as undeliverable", "import", m.Import, "entry", m.Entry, "device", m.ThingName, "detail", detail)
	return nil
}

// settleTask handles one of our own messages of the manifests queue.
func (c *Consumer) settleTask(ctx context.Context, target ledger.Target, task stack.Task, body string) error {
	switch task.Kind {
	case stack.TaskSweep:
		c.Log.WarnContext(ctx, "a sweep failed; the schedule sends the next one")
		return nil
	case stack.TaskComplete:
		if err := c.noteUncompleted(ctx, task.Import); err != nil {
			return err
		}
	default:
		if job, err := c.Jobs.Get(ctx, task.Import); err == nil && job.Command != nil {
			return c.endCommand(ctx, job)
		}
		err := c.Stopper.Stop(ctx, task.Import, causeManifest, target)
		if errors.Is(err, ledger.ErrNotFound) {
			c.Log.WarnContext(ctx, "a task for an import that is not in the ledger", "import", task.Import)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return c.park(ctx, body)
}

// endCommand ends a later command. Its message is not parked, because giving the command again resumes it.
func (c *Consumer) endCommand(ctx context.Context, job stack.Job) error {
	if job.Ended() {
		return nil
	}
	until := time.Now().Add(time.Minute)
	if deadline, ok := ctx.Deadline(); ok {
		until = deadline
	}
	lease, err := c.Leases.Lease(ctx, job.Import, uuid.NewString(), until)
	if err != nil {
		return fmt.Errorf("end command %s: %w", job.Import, err)
	}
	if job, err = c.Jobs.Get(ctx, job.Import); err == nil && !job.Ended() {
		err = c.Commands.End(ctx, lease, job, causeCommand)
	}
	return errors.Join(err, c.Leases.Release(context.WithoutCancel(ctx), lease))
}

// noteUncompleted reports an import that has all its outcomes but no report. The
// sweep retries after a day, a redrive immediately.
func (c *Consumer) noteUncompleted(ctx context.Context, importID string) error {
	job, err := c.Jobs.Get(ctx, importID)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && job.Phase == stack.PhaseDone {
		return nil
	}
	if err != nil {
		return err
	}
	cause := causeComplete
	if job.Phase == stack.PhaseStopped {
		cause = job.Cause // why the import has ended
	}
	if err := c.Jobs.SetCause(ctx, importID, cause, time.Now().Add(completeAgain)); err != nil {
		return err
	}
	event := stack.NewEvent(stack.NoticeUnreported, job)
	event.Cause = cause
	return c.Notices.Notify(ctx, stack.Notice{
		Kind: stack.NoticeUnreported, Subject: "no report: import of " + job.Upload.Key, Event: event,
		Text: plain.Sprintf("Import %s of %s has ended%s, but %s.\n\nWhat to do: fix the cause, then run: thingpress stack redrive --stack %s\n",
			importID, job.Upload.Quoted(), stoppedBy(job), causeComplete, c.Stack),
	})
}

func stoppedBy(job stack.Job) string {
	if job.Phase != stack.PhaseStopped {
		return " with an outcome for every entry"
	}
	return " because it was stopped (" + job.Cause + ")"
}

// stopUploads stops the imports of an event of S3, which may not have begun.
func (c *Consumer) stopUploads(ctx context.Context, target ledger.Target, body string) error {
	imports, err := c.Started(ctx, body)
	if err != nil || len(imports) == 0 {
		return err
	}
	for _, id := range imports {
		if err := c.Stopper.Stop(ctx, id, causeManifest, target); err != nil {
			return err
		}
	}
	return c.park(ctx, body)
}

func (c *Consumer) park(ctx context.Context, body string) error {
	if err := c.ManifestsParked.Send(ctx, []stack.Message{{Body: body}}); err != nil {
		return fmt.Errorf("park: %w", err)
	}
	return nil
}
