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
	// idleAfter is how long a manifest may be idle before the sweep continues it. It
	// is longer than a message waits for its function.
	idleAfter = 5 * time.Minute
	// StalledAfter is how long an import may make no progress before it counts as
	// stalled.
	StalledAfter = 30 * time.Minute
)

// Sweep checks every open import. Through tasks on the manifests queue, it continues
// manifests that no function works on, and completes imports without pending entries.
// It writes the metric StalledImports, which counts imports with a cause and those
// without progress for half an hour. An error with one import does not keep it from
// the others.
func (c *Completer) Sweep(ctx context.Context) error {
	var tasks []stack.Task
	var wrong []error
	stalled := 0
	for job, err := range c.Jobs.Open(ctx) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: %w", err))
			break
		}
		kind, stalls, err := c.nextTask(ctx, job)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("sweep: import %s: %w", job.Import, err))
			continue
		}
		if stalls {
			stalled++
			c.Log.WarnContext(ctx, "import stalled", "import", job.Import, "phase", job.Phase, "since", job.Updated, "cause", job.Cause)
		}
		if kind != "" {
			tasks = append(tasks, stack.Task{Kind: kind, Import: job.Import})
		}
	}
	if len(tasks) > 0 {
		wrong = append(wrong, c.sendTasks(ctx, 0, tasks...))
	}
	wrong = append(wrong, c.Metrics.Put(map[stack.Metric]float64{stack.MetricStalledImports: float64(stalled)}))
	return errors.Join(append(wrong, c.Notices.SendKept(ctx))...)
}

// nextTask returns the task that an import needs, if any, and reports whether the
// import is stalled.
func (c *Completer) nextTask(ctx context.Context, job stack.Job) (kind string, stalls bool, err error) {
	idle := time.Since(job.Updated)
	stalls = idle > StalledAfter || job.Cause != ""
	switch job.Phase {
	case stack.PhaseDone:
		return "", false, nil
	case stack.PhaseStopped:
		kind, err = c.untold(ctx, job, idle)
		return kind, false, err
	case stack.PhaseSent:
		counts, err := c.Ledger.Counts(ctx, job.Import)
		if err != nil || counts.Pending() > 0 {
			return "", stalls, err
		}
		if time.Now().Before(job.RetryAt) {
			return "", stalls, nil
		}
		return stack.TaskComplete, stalls, nil
	}
	if idle < idleAfter {
		return "", stalls, nil
	}
	free, err := c.isFree(ctx, job)
	if err != nil || !free {
		return "", stalls, err
	}
	return stack.TaskContinue, stalls, nil
}

// untold returns the task for a stopped job about which no notice was sent yet.
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

// isFree reports whether no function holds the lease of the job.
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
