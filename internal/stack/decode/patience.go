package decode

import (
	"context"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// tries is how often a step is tried without which nothing can be handed back.
	tries = 6
	// mostFaults is how often in a row a job is handed back for temporary faults of
	// AWS. With the delays, that takes about a day.
	mostFaults = 100
)

// between is the time between these tries, some ten seconds in all. A message that
// fails stays invisible for its whole visibility timeout, which is far longer.
var between = backoff.Span{First: time.Second, Most: 16 * time.Second}

// patiently repeats a step until it succeeds or has failed too often.
func patiently(ctx context.Context, step func() error) error {
	for n := 1; ; n++ {
		err := step()
		if err == nil || n == tries {
			return err
		}
		if _, ended := between.Sleep(ctx, n); ended != nil {
			return err
		}
	}
}

// sendTask sends a task to the manifests queue.
func (h *Handler) sendTask(ctx context.Context, task stack.Task, delay time.Duration) error {
	err := patiently(ctx, func() error { return h.Manifests.Send(ctx, []stack.Message{task.Message(delay)}) })
	if err != nil {
		return fmt.Errorf("send task %s of import %s: %w", task.Kind, task.Import, err)
	}
	return nil
}
