package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
)

const (
	// A call that fails transiently is given up after so many attempts and so
	// long a time in which the endpoint worked, whichever is later.
	transientAttempts = 12
	transientTime     = 10 * time.Minute
	// missingAttempts is how often something that was made a moment ago and
	// is said not to exist is asked for again: AWS IoT is eventually consistent.
	missingAttempts = 6

	backoffFirst = 200 * time.Millisecond
	backoffMost  = 20 * time.Second
)

// A caller makes calls: at the rate that the quota allows, again where that
// may help, and counted. It is the only place that retries. All methods are
// safe for concurrent use.
type caller struct {
	limiters *quota.Limiters
	outage   *outage
	tally    *tally
	now      func() time.Time // AWS's clock

	// begin ends when no call may be begun any more, flight when calls in
	// flight are to be broken off.
	begin, flight context.Context //nolint:containedctx // two lifetimes of one run, not of one call
}

// A callResult is what a caller tells beside the error.
type callResult struct {
	// lost is when, by AWS's clock, the first attempt was made whose answer
	// did not arrive, and which may have taken effect; zero for none.
	lost time.Time
	// busy is the time in which the call was not waiting for its quota.
	busy time.Duration
}

// errEnded wraps what ended the import: the call was not made, or not to its end.
var errEnded = errors.New("the import ended before the call")

// exhaustedError is a call that failed transiently until it was given up.
type exhaustedError struct {
	attempts int
	err      error
}

func (e *exhaustedError) Error() string {
	return fmt.Sprintf("given up after %d attempts: %v", e.attempts, e.err)
}

func (e *exhaustedError) Unwrap() error { return e.err }

// do makes a call of op. The error is nil, what AWS answered for good, an
// *exhaustedError, or wraps errEnded.
func (c *caller) do(op iot.Operation, call func(ctx context.Context) error) (callResult, error) {
	return c.doOneOf(func(int) iot.Operation { return op }, func(ctx context.Context, _ iot.Operation) error { return call(ctx) })
}

// doOneOf is do for operations of which any will do; pick is asked before each attempt.
func (c *caller) doOneOf(pick func(attempt int) iot.Operation, call func(ctx context.Context, op iot.Operation) error) (result callResult, err error) {
	begun, rested := time.Now(), c.outage.rest()
	for attempts := 1; ; {
		op := pick(attempts)
		sent, err := c.once(op, call, &result)
		switch class := iot.ClassOf(err); {
		case class == iot.ClassThrottled:
			continue // the limiter knows, and lets the next attempt wait
		case class != iot.ClassTransient && class != iot.ClassConflict:
			return result, err
		}
		var api *iot.APIError
		if errors.As(err, &api) && api.Ambiguous && result.lost.IsZero() {
			result.lost = sent
		}
		worked := time.Since(begun) - (c.outage.rest() - rested)
		if attempts >= transientAttempts && (worked >= transientTime || iot.ClassOf(err) == iot.ClassConflict) {
			return result, &exhaustedError{attempts, err}
		}
		c.tally.retried()
		slept, wake := c.backoff(attempts)
		result.busy += slept
		if wake != nil {
			return result, wake
		}
		attempts++
	}
}

// once waits for quota and makes one attempt.
func (c *caller) once(op iot.Operation, call func(ctx context.Context, op iot.Operation) error, result *callResult) (sent time.Time, err error) {
	probe, ticket, err := c.permission(op)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w: %w", op, errEnded, err)
	}
	sent = c.now()
	started := time.Now()
	err = call(c.flight, op)
	result.busy += time.Since(started)
	c.tally.called(op)
	if err != nil && c.flight.Err() != nil {
		ticket.Done()
		c.outage.withdrawn(probe)
		return sent, fmt.Errorf("%s: %w: %w", op, errEnded, context.Cause(c.flight))
	}
	switch iot.ClassOf(err) {
	case iot.ClassThrottled:
		ticket.Throttled()
		c.tally.throttled()
		c.outage.answered()
	case iot.ClassTransient:
		ticket.Done()
		c.outage.failed(probe, err)
	default:
		ticket.Accepted()
		c.outage.answered()
	}
	return sent, err
}

// permission waits until a call may be made: the import is not paused, and the quota allows it.
func (c *caller) permission(op iot.Operation) (probe bool, ticket quota.Ticket, err error) {
	for {
		if probe, err = c.outage.enter(c.begin); err != nil {
			return false, quota.Ticket{}, err
		}
		if ticket, err = c.limiters.Wait(c.begin, op); err != nil {
			c.outage.withdrawn(probe)
			return false, quota.Ticket{}, err
		}
		if probe || !c.outage.resting() {
			return probe, ticket, nil
		}
		ticket.Done() // the pause began while this call waited for its quota
	}
}

// backoff sleeps with full jitter: anything between nothing and a span that doubles.
func (c *caller) backoff(attempt int) (time.Duration, error) {
	span := min(backoffFirst<<min(attempt-1, 10), backoffMost)
	wait := rand.N(span) //nolint:gosec // jitter is no secret
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return wait, nil
	case <-c.begin.Done():
		return 0, fmt.Errorf("%w: %w", errEnded, context.Cause(c.begin))
	}
}

// doUntilFound is do for something that was made a moment ago: "not found" is asked again a few times.
func (c *caller) doUntilFound(op iot.Operation, call func(ctx context.Context) error) (callResult, error) {
	var all callResult
	for attempt := 1; ; attempt++ {
		result, err := c.do(op, call)
		if all.busy += result.busy; all.lost.IsZero() {
			all.lost = result.lost
		}
		if iot.ClassOf(err) != iot.ClassNotFound || attempt == missingAttempts {
			return all, err
		}
		c.tally.retried()
		slept, wake := c.backoff(attempt)
		if all.busy += slept; wake != nil {
			return all, wake
		}
	}
}
