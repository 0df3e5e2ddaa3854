// Package backoff spaces out the attempts of a call. Full jitter keeps callers that failed
// together from retrying together. A wait never outlasts its context.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// A Span is the longest wait before another attempt. It begins at First and
// doubles with each failed attempt, up to Most. Both must be positive.
type Span struct {
	First, Most time.Duration
}

// After returns the span after a number of failed attempts in a row: First after at most one.
func (s Span) After(failed int) time.Duration {
	span := s.First
	for ; failed > 1 && span < s.Most; failed-- {
		span = min(span, s.Most/2) * 2
	}
	return min(span, s.Most)
}

// Sleep waits for a random time, from zero up to the span after a number of failed attempts,
// and returns that time. If ctx ends first, the error is its cause.
func (s Span) Sleep(ctx context.Context, failed int) (time.Duration, error) {
	wait := rand.N(s.After(failed)) //nolint:gosec // jitter is not secret
	return wait, Sleep(ctx, wait)
}

// Sleep waits for d. If ctx ends first, or has already ended, the error is its cause.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
