// Package call makes one call well: it waits for the quota of the operation,
// tries again if that may help, pauses if nothing answers any more, and counts.
//
// Retry lives here and nowhere else; the SDK's own retryer is off. Throttling
// slows an operation down and never fails a device. Transient faults are tried
// again. What is wrong with the import as a whole is a *[StopError].
package call

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
	// MissingAttempts is how often a call asks again for something that was
	// made a moment ago: AWS IoT is eventually consistent.
	MissingAttempts = 6

	backoffFirst = 200 * time.Millisecond
	backoffMost  = 20 * time.Second
)

// Lifetimes are the two lifetimes of a run. Begin ends when no call may be
// begun any more; Flight ends when calls in flight are to be broken off.
type Lifetimes struct{ Begin, Flight context.Context }

// Options are what a [Caller] works with. Limiters and Lifetimes must be set.
type Options struct {
	Limiters  *quota.Limiters
	Lifetimes Lifetimes
	// Clock tells AWS's time; nil is the machine's clock.
	Clock func() time.Time
	// Paused is called when an outage begins, Resumed when it ends; both may be nil.
	Paused  func(cause error)
	Resumed func(after time.Duration)
}

// A Caller makes calls. It is safe for concurrent use.
type Caller struct {
	limiters *quota.Limiters
	life     Lifetimes
	clock    func() time.Time
	outage   outage
	tally    tally
}

// New returns a Caller.
func New(o Options) *Caller {
	c := &Caller{limiters: o.Limiters, life: o.Lifetimes, clock: o.Clock, outage: outage{paused: o.Paused, resumed: o.Resumed}}
	if c.clock == nil {
		c.clock = time.Now
	}
	return c
}

// A Result is what a Caller tells next to the error.
type Result struct {
	// Lost is when, by AWS's clock, the first attempt was made whose answer
	// did not arrive, and which may have taken effect; zero for none.
	Lost time.Time
	// Busy is the time in which the call was not waiting for its quota.
	Busy time.Duration
}

// Add counts the result of a further call for the same thing.
func (r *Result) Add(other Result) {
	r.Busy += other.Busy
	if r.Lost.IsZero() {
		r.Lost = other.Lost
	}
}

// ErrEnded wraps what ended the run: the call was not made, or not to its end.
var ErrEnded = errors.New("the import ended before the call")

// An ExhaustedError is a call that failed transiently until it was given up.
type ExhaustedError struct {
	Attempts int
	Err      error
}

// Error tells the attempts and the last failure.
func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("given up after %d attempts: %v", e.Attempts, e.Err)
}

// Unwrap returns the last failure.
func (e *ExhaustedError) Unwrap() error { return e.Err }

// Do makes a call of op. The error is nil, what AWS answered for good, a
// *[StopError], an *[ExhaustedError], or wraps [ErrEnded].
func (c *Caller) Do(op iot.Operation, call func(ctx context.Context) error) (Result, error) {
	return c.DoOneOf(func(int) iot.Operation { return op }, func(ctx context.Context, _ iot.Operation) error { return call(ctx) })
}

// DoOneOf is [Caller.Do] for operations of which any will do. It asks pick before each attempt.
func (c *Caller) DoOneOf(pick func(attempt int) iot.Operation, call func(ctx context.Context, op iot.Operation) error) (result Result, err error) {
	begun, rested := time.Now(), c.outage.rest()
	for attempts := 1; ; {
		op := pick(attempts)
		sent, err := c.attempt(op, call, &result)
		class := iot.ClassOf(err)
		switch class {
		case iot.ClassThrottled:
			continue // the limiter knows, and lets the next attempt wait
		case iot.ClassTransient, iot.ClassConflict:
		default:
			return result, stopOr(err)
		}
		var api *iot.APIError
		if errors.As(err, &api) && api.Ambiguous && result.Lost.IsZero() {
			result.Lost = sent
		}
		worked := time.Since(begun) - (c.outage.rest() - rested)
		if attempts >= transientAttempts && (worked >= transientTime || class == iot.ClassConflict) {
			return result, &ExhaustedError{attempts, err}
		}
		slept, ended := c.Backoff(attempts)
		result.Busy += slept
		if ended != nil {
			return result, ended
		}
		attempts++
	}
}

// DoUntilFound is [Caller.Do] for something that was made a moment ago: it
// asks a few times before it believes "not found".
func (c *Caller) DoUntilFound(op iot.Operation, call func(ctx context.Context) error) (all Result, err error) {
	for attempt := 1; ; attempt++ {
		result, err := c.Do(op, call)
		all.Add(result)
		if iot.ClassOf(err) != iot.ClassNotFound || attempt == MissingAttempts {
			return all, err
		}
		slept, ended := c.Backoff(attempt)
		all.Busy += slept
		if ended != nil {
			return all, ended
		}
	}
}

// attempt waits for quota and makes one attempt.
func (c *Caller) attempt(op iot.Operation, call func(ctx context.Context, op iot.Operation) error, result *Result) (sent time.Time, err error) {
	probe, ticket, err := c.permission(op)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w: %w", op, ErrEnded, err)
	}
	sent = c.clock()
	started := time.Now()
	err = call(c.life.Flight, op)
	result.Busy += time.Since(started)
	c.tally.called(op)
	if err != nil && c.life.Flight.Err() != nil {
		ticket.Done()
		c.outage.withdrawn(probe)
		return sent, fmt.Errorf("%s: %w: %w", op, ErrEnded, context.Cause(c.life.Flight))
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

// permission waits until a call may be made: the run is not paused, and the quota allows it.
func (c *Caller) permission(op iot.Operation) (probe bool, ticket quota.Ticket, err error) {
	for {
		if probe, err = c.outage.enter(c.life.Begin); err != nil {
			return false, quota.Ticket{}, err
		}
		if ticket, err = c.limiters.Wait(c.life.Begin, op); err != nil {
			c.outage.withdrawn(probe)
			return false, quota.Ticket{}, err
		}
		if _, paused := c.outage.pause(); probe || !paused {
			return probe, ticket, nil
		}
		ticket.Done() // the pause began while this call waited for its quota
	}
}

// Backoff counts a retry and sleeps with full jitter: anything between nothing
// and a span that doubles with the attempts. The error wraps [ErrEnded].
func (c *Caller) Backoff(attempt int) (time.Duration, error) {
	c.tally.retried()
	span := min(backoffFirst<<min(attempt-1, 10), backoffMost)
	wait := rand.N(span) //nolint:gosec // jitter is no secret
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return wait, nil
	case <-c.life.Begin.Done():
		return 0, fmt.Errorf("%w: %w", ErrEnded, context.Cause(c.life.Begin))
	}
}

// Pause reports whether the run is paused because nothing answers, and since how long.
func (c *Caller) Pause() (since time.Duration, paused bool) { return c.outage.pause() }

// Tally returns the calls so far.
func (c *Caller) Tally() Tally { return c.tally.snapshot() }
