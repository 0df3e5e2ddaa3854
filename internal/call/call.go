// Package call makes single calls of AWS IoT. It waits for the quota of the
// operation, retries if that may help, pauses if nothing answers, and counts.
//
// It is the only place that retries; the retryer of the SDK is off. Throttling
// slows an operation down and never fails a device. Transient faults are retried.
// A fault of the import as a whole is a *[StopError].
package call

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

const (
	// A call that fails transiently is given up after this many attempts and
	// after the endpoint has worked for this long, whichever is later.
	transientAttempts = 12
	transientTime     = 10 * time.Minute
	// MissingAttempts is how often a call asks for something that was created
	// a moment ago: AWS IoT is eventually consistent.
	MissingAttempts = 6
	// inUseAttempts is how often a call deletes something that was in use a moment ago: some minutes,
	// after which somebody else uses it.
	inUseAttempts = 20
)

var backoffSpan = backoff.Span{First: 200 * time.Millisecond, Most: 20 * time.Second}

// Lifetimes are the two lifetimes of a run. Begin ends when no further call may
// begin; Flight ends when calls in flight are to be cancelled.
type Lifetimes struct{ Begin, Flight context.Context }

// Options configure a [Caller]. Limiters and Lifetimes must be set.
type Options struct {
	Limiters  *quota.Limiters
	Lifetimes Lifetimes
	// Clock returns AWS's time; nil for the machine's clock.
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
	flying   atomic.Int64
}

// New returns a Caller.
func New(o Options) *Caller {
	c := &Caller{limiters: o.Limiters, life: o.Lifetimes, clock: o.Clock, outage: outage{paused: o.Paused, resumed: o.Resumed}}
	if c.clock == nil {
		c.clock = time.Now
	}
	return c
}

// A Result is what a [Caller] returns together with the error.
type Result struct {
	// Lost is the time, by AWS's clock, of the first attempt whose answer was
	// lost and which may have taken effect; zero if there is none.
	Lost time.Time
	// Busy is the time that the call spent on anything but waiting for quota.
	Busy time.Duration
}

// Add adds the result of another call for the same purpose.
func (r *Result) Add(other Result) {
	r.Busy += other.Busy
	if r.Lost.IsZero() {
		r.Lost = other.Lost
	}
}

// ErrEnded is wrapped, together with the cause, if the run ended before the call
// or during it.
var ErrEnded = errors.New("the import ended before the call")

// An ExhaustedError is returned for a call that failed transiently until it was given up.
type ExhaustedError struct {
	Attempts int
	Err      error
}

// Error returns the number of attempts and the last failure.
func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("given up after %d attempts: %v", e.Attempts, e.Err)
}

// Unwrap returns the last failure.
func (e *ExhaustedError) Unwrap() error { return e.Err }

// Do makes a call of op. The error is the last answer of AWS, a *[StopError], an
// *[ExhaustedError], or wraps [ErrEnded].
func (c *Caller) Do(op iot.Operation, call func(ctx context.Context) error) (Result, error) {
	return c.DoOneOf(func(int) iot.Operation { return op }, func(ctx context.Context, _ iot.Operation) error { return call(ctx) })
}

// DoOneOf is like [Caller.Do] for several operations that serve the same purpose.
// Pick chooses one before each attempt.
func (c *Caller) DoOneOf(pick func(attempt int) iot.Operation, call func(ctx context.Context, op iot.Operation) error) (result Result,
	err error,
) {
	begun, rested := time.Now(), c.outage.rest()
	for attempts := 1; ; {
		op := pick(attempts)
		sent, err := c.attempt(op, call, &result)
		class := iot.ClassOf(err)
		var api *iot.APIError
		isAPI := errors.As(err, &api)
		switch {
		case class == iot.ClassThrottled:
			continue // the limiter makes the next attempt wait
		case class == iot.ClassTransient, class == iot.ClassConflict:
		case isAPI && api.Cut && attempts < transientAttempts:
			// What fails a device or stops the import deserves a whole answer.
		default:
			return result, stopOr(err)
		}
		if isAPI && api.Ambiguous && result.Lost.IsZero() {
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

// DoUntilFound is like [Caller.Do], but retries "not found" a few times, for
// something that was created a moment ago.
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

// DoUntilFree is like [Caller.Do], but retries as long as AWS finds something in use that was detached a
// moment ago: detaching takes effect some seconds later.
func (c *Caller) DoUntilFree(op iot.Operation, call func(ctx context.Context) error) (all Result, err error) {
	for attempt := 1; ; attempt++ {
		result, err := c.Do(op, call)
		all.Add(result)
		if iot.ClassOf(err) != iot.ClassInUse || attempt == inUseAttempts {
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
func (c *Caller) attempt(op iot.Operation, call func(ctx context.Context, op iot.Operation) error, result *Result) (sent time.Time,
	err error,
) {
	probe, ticket, err := c.permission(op)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w: %w", op, ErrEnded, err)
	}
	sent = c.clock()
	started := time.Now()
	c.flying.Add(1)
	err = call(c.life.Flight, op)
	c.flying.Add(-1)
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

// permission waits until the run is not paused and the quota allows a call.
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

// Backoff counts a retry and sleeps before it. It returns how long it slept. The
// error wraps [ErrEnded].
func (c *Caller) Backoff(attempt int) (time.Duration, error) {
	c.tally.retried()
	wait, err := backoffSpan.Sleep(c.life.Begin, attempt)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrEnded, err)
	}
	return wait, nil
}

// Rate returns how many calls of op per second its limiter allows now.
func (c *Caller) Rate(op iot.Operation) float64 { return c.limiters.Limiter(op).Rate() }

// Pause reports whether the run is paused because nothing answers, and for how long.
func (c *Caller) Pause() (since time.Duration, paused bool) { return c.outage.pause() }

// InFlight returns the number of calls that wait for their answer.
func (c *Caller) InFlight() int { return int(c.flying.Load()) }

// Tally returns the calls so far.
func (c *Caller) Tally() Tally { return c.tally.snapshot() }
