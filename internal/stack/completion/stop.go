package completion

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/stack"
)

// Stop stops an import whose manifest cannot be read to its end: job and import
// get the cause, a report tells what was read and done, and a notice is sent,
// without a report if that cannot be written. An import that was not begun is
// begun in target, so that the ledger knows of it. Devices that were sent before are
// imported nevertheless. An import that is finished or stopped is left alone.
//
// After an error it can be called again. The error wraps a
// *dynamodb.LeasedError where somebody works on the job.
func (c *Completer) Stop(ctx context.Context, importID, cause string, target ledger.Target) error {
	job, err := c.Jobs.Get(ctx, importID)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if job.Phase == dynamodb.PhaseDone {
		return nil
	}
	if err := c.stopJob(ctx, job, cause, target); err != nil {
		return fmt.Errorf("stop: import %s: %w", importID, err)
	}
	err = c.Complete(ctx, stack.Task{Kind: stack.TaskComplete, Import: importID})
	if err == nil {
		return nil
	}
	c.Log.ErrorContext(ctx, "the report of a stopped import could not be written", "import", importID, "error", err.Error())
	if err := c.close(ctx, importID, ledger.End{State: ledger.StateStopped, Cause: cause, At: time.Now()}); err != nil {
		return err
	}
	i, err := c.Ledger.Import(ctx, importID)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if err := c.Notices.Notify(ctx, subject(i), c.text(i, job, nil)); err != nil {
		return err
	}
	return c.Jobs.SetCause(ctx, importID, cause, time.Now().Add(reportAgain))
}

// reportAgain is when the sweep tries to write a report that could not be written.
const reportAgain = 24 * time.Hour

// stopJob takes the lease, so that nobody goes on, and sees to it that the
// import is in the ledger.
func (c *Completer) stopJob(ctx context.Context, job dynamodb.Job, cause string, target ledger.Target) (err error) {
	if job.Phase != dynamodb.PhaseStopped {
		lease, err := c.Leases.Lease(ctx, job.Import, c.Owner, until(ctx))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Leases.Release(context.WithoutCancel(ctx), lease)) }()
		if job, err = c.Jobs.Get(ctx, job.Import); err != nil {
			return err
		}
		job.Phase, job.Cause = dynamodb.PhaseStopped, cause
		if err := c.Leases.Save(ctx, lease, job); err != nil {
			return err
		}
	}
	_, err = c.Ledger.Import(ctx, job.Import)
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	_, err = c.Ledger.Begin(ctx, ledger.Import{
		ID: job.Import, Key: job.Import, Target: target, Settings: job.Settings, Begun: job.Created,
		Manifests: []ledger.Manifest{{Name: job.Upload.Key, Vendor: job.Vendor, Size: job.Upload.Size}},
	})
	return err
}

// Manifest names a job's manifest in notices.
func Manifest(job dynamodb.Job) string {
	return "s3://" + job.Upload.Bucket + "/" + job.Upload.Key
}
