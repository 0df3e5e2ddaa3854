package complete

import (
	"context"
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Stop stops an import whose manifest cannot be read completely. It records the cause
// on the job, and sends a task for the completion of the import, which reports what
// was read and done. If the import was not begun, Stop begins it in target, so that
// the ledger knows it. Devices that were sent before are still imported. If the
// import has ended, Stop does nothing.
//
// After an error Stop can be called again. The error wraps a *[stack.LeasedError] if
// another function works on the job.
func (c *Completer) Stop(ctx context.Context, importID, cause string, target ledger.Target) error {
	job, err := c.Jobs.Get(ctx, importID)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if job.Phase == stack.PhaseDone {
		return nil
	}
	if err := c.stopJob(ctx, job, cause, target); err != nil {
		return fmt.Errorf("stop: import %s: %w", importID, err)
	}
	return c.sendTasks(ctx, 0, stack.Task{Kind: stack.TaskComplete, Import: importID})
}

// stopJob takes the lease, so that no other function continues, and makes sure that
// the import is in the ledger.
func (c *Completer) stopJob(ctx context.Context, job stack.Job, cause string, target ledger.Target) (err error) {
	if job.Phase != stack.PhaseStopped {
		lease, err := c.Leases.Lease(ctx, job.Import, c.Owner, leaseEnd(ctx))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Leases.Release(context.WithoutCancel(ctx), lease)) }()
		if job, err = c.Jobs.Get(ctx, job.Import); err != nil {
			return err
		}
		if !job.Ended() { // nor has it ended before this invocation had the lease
			if err := job.Move(stack.PhaseStopped); err != nil {
				return err
			}
			job.Cause = cause
			if err := c.Leases.Save(ctx, lease, job); err != nil {
				return err
			}
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
