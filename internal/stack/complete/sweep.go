package complete

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// idleAfter is how long a manifest may rest before it is gone on with: longer
	// than a message waits for its function.
	idleAfter = 5 * time.Minute
	// StalledAfter is how long an import may be without progress before it counts as stalled.
	StalledAfter = 30 * time.Minute
)

// Sweep looks at every open import: it goes on with manifests that nobody works
// on, and completes imports that have no pending entry, in both cases by a task
// on the manifests queue. It writes the metric StalledImports: those that stand
// still for a cause, or without progress for half an hour. An import that cannot be looked at
// does not keep it from the others.
func (c *Completer) Sweep(ctx context.Context) error {
	var tasks []stack.Task
	var wrong []error
	stalled := 0
	for job, err := range c.Jobs.Open(ctx) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: %w", err))
			break
		}
		kind, stands, err := c.nextTask(ctx, job)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: import %s: %w", job.Import, err))
			continue
		}
		if stands {
			stalled++
			c.Log.WarnContext(ctx, "import stands still", "import", job.Import, "phase", job.Phase, "since", job.Updated, "cause", job.Cause)
		}
		if kind != "" {
			tasks = append(tasks, stack.Task{Kind: kind, Import: job.Import})
		}
	}
	if len(tasks) > 0 {
		wrong = append(wrong, c.sendTasks(ctx, 0, tasks...))
	}
	wrong = append(wrong, c.Metrics.Put(map[stack.Metric]float64{stack.MetricStalledImports: float64(stalled)}))
	return errors.Join(wrong...)
}

// nextTask returns which task an import needs, if any, and reports whether it stands still.
func (c *Completer) nextTask(ctx context.Context, job stack.Job) (kind string, stands bool, err error) {
	idle := time.Since(job.Updated)
	stands = idle > StalledAfter || job.Cause != ""
	switch job.Phase {
	case stack.PhaseDone:
		return "", false, nil
	case stack.PhaseStopped:
		kind, err = c.untold(ctx, job, idle)
		return kind, false, err
	case stack.PhaseSent:
		counts, err := c.Ledger.Counts(ctx, job.Import)
		if err != nil || counts.Pending() > 0 {
			return "", stands, err
		}
		if time.Now().Before(job.RetryAt) {
			return "", stands, nil
		}
		return stack.TaskComplete, stands, nil
	}
	if idle < idleAfter {
		return "", stands, nil
	}
	free, err := c.isFree(ctx, job)
	if err != nil || !free {
		return "", stands, err
	}
	return stack.TaskContinue, stands, nil
}

// untold returns the task that a stopped job needs of which nobody was told yet.
func (c *Completer) untold(ctx context.Context, job stack.Job, idle time.Duration) (kind string, err error) {
	if idle < idleAfter || time.Now().Before(job.RetryAt) {
		return "", nil
	}
	_, err = c.Ledger.Import(ctx, job.Import)
	if errors.Is(err, ledger.ErrNotFound) {
		return stack.TaskContinue, nil // the decoder begins the import that it stopped
	}
	return stack.TaskComplete, err
}

// isFree reports whether nobody holds the job's lease.
func (c *Completer) isFree(ctx context.Context, job stack.Job) (bool, error) {
	lease, err := c.Leases.Lease(ctx, job.Import, c.Owner, leaseEnd(ctx))
	var leased *stack.LeasedError
	if errors.As(err, &leased) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, c.Leases.Release(context.WithoutCancel(ctx), lease)
}
