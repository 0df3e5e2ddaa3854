package complete

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// lostAfter is how long an import may stand still, although the devices queue is
	// empty, before its messages count as lost. It is a little less than the time between
	// two sweeps, and more than SQS takes to count messages.
	lostAfter = 4 * time.Minute
	// missedAfter is how long it may stand still if the queue has fewer messages than
	// devices are in flight, by more than one part in missedPart.
	missedAfter = 30 * time.Minute
	missedPart  = 10
	// turnAtLeast and turnFactor determine how long an import may stand still while the queue
	// has messages and others move: as many times as long as everything in flight takes.
	turnAtLeast = time.Hour
	turnFactor  = 2
)

// resendLost orders that pending entries be sent again if their messages are nowhere, as
// after the queue was purged. An import has lost messages if it has devices in flight and
// stands still although the queue is empty or has too few messages, or for longer than its
// turn can take. If it is wrong about that, the claims of entries make a second message harmless.
func (c *Completer) resendLost(ctx context.Context, all []*swept, now time.Time) error {
	inFlight, rate := 0, 0.0
	for _, s := range all {
		rate += s.seen.Rate
		if !s.job.Held() { // else the importers drop its messages
			inFlight += s.seen.InFlight
		}
	}
	if inFlight == 0 {
		return nil
	}
	waiting, err := c.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	var wrong []error
	for _, s := range all {
		if rate > 0 && s.seen.Turn.IsZero() {
			s.seen.Turn = now.Add(max(turnAtLeast, turnFactor*time.Duration(float64(inFlight)/rate*float64(time.Second))))
		}
		stood := min(now.Sub(s.seen.Moved), now.Sub(s.seen.Resent))
		lost := waiting == 0 && stood >= lostAfter || inFlight-waiting > inFlight/missedPart && stood >= missedAfter ||
			!s.seen.Turn.IsZero() && now.After(s.seen.Turn)
		if s.seen.InFlight == 0 || !lost || s.job.CheckOrder(stack.OrderResend) != nil {
			continue
		}
		if s.job.Cause != "" && now.Before(s.job.RetryAt.Add(stack.MaxDelay)) {
			continue // its devices were handed back
		}
		wrong = append(wrong, c.resend(ctx, s, now))
	}
	return errors.Join(wrong...)
}

func (c *Completer) resend(ctx context.Context, s *swept, now time.Time) error {
	job, err := c.Orders.SetOrder(ctx, s.job.Import, stack.Order{Kind: stack.OrderResend, At: now})
	var refused *stack.OrderError
	if errors.As(err, &refused) {
		return nil // the operator was faster
	}
	if err == nil {
		err = c.sendTasks(ctx, 0, stack.Task{Kind: stack.TaskContinue, Import: s.job.Import})
	}
	if err != nil {
		return fmt.Errorf("sweep: import %s: %w", s.job.Import, err)
	}
	c.Log.WarnContext(ctx, "messages are lost and their devices will be sent again", "import", s.job.Import, "devices", s.seen.InFlight,
		"since", s.seen.Moved)
	s.job, s.seen.Resent, s.seen.Turn = job, now, time.Time{}
	return nil
}
