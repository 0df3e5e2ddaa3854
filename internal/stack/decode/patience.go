package decode

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// tries is how often a step is tried that nothing could be handed back without.
	tries      = 6
	firstPause = 500 * time.Millisecond

	firstFaultDelay = 15 * time.Second
	// mostFaults is how often a job is handed back in a row for what is wrong
	// with AWS at the moment. With the delays between it takes about a day.
	mostFaults = 100
)

// patiently tries a step again, for some ten seconds in all: a message that
// fails stays invisible for its whole visibility timeout, which is far longer.
func patiently(ctx context.Context, step func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := step()
		if err == nil || n == tries {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // spreads calls, keeps no secret
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}

// faultDelay is how long a task waits that was handed back so many times.
func faultDelay(attempt int) time.Duration {
	return min(firstFaultDelay<<min(attempt-1, 10), stack.MaxDelay)
}

// send sends a task to the manifests queue.
func (h *Handler) send(ctx context.Context, task stack.Task, delay time.Duration) error {
	body, err := json.Marshal(task)
	if err != nil {
		return fmt.Errorf("task: %w", err)
	}
	delay = min(max(delay, 0), stack.MaxDelay)
	err = patiently(ctx, func() error {
		return h.Manifests.Send(ctx, []stack.Message{{Body: string(body), Delay: delay}})
	})
	if err != nil {
		return fmt.Errorf("send task %s of import %s: %w", task.Kind, task.Import, err)
	}
	return nil
}
