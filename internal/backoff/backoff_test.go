package backoff_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
)

func TestSpanDoublesFromFirstToMost(t *testing.T) {
	t.Parallel()
	span := backoff.Span{First: 200 * time.Millisecond, Most: 5 * time.Second}
	for failed, want := range map[int]time.Duration{
		-1: 200 * time.Millisecond, 0: 200 * time.Millisecond, 1: 200 * time.Millisecond, 2: 400 * time.Millisecond,
		3: 800 * time.Millisecond, 5: 3200 * time.Millisecond, 6: 5 * time.Second, math.MaxInt: 5 * time.Second,
	} {
		if got := span.After(failed); got != want {
			t.Errorf("after %d attempts: %v, want %v", failed, got, want)
		}
	}
	for _, span := range []backoff.Span{{First: 3, Most: 3}, {First: 5, Most: 3}, {First: 1, Most: math.MaxInt64}} {
		if got := span.After(1000); got > span.Most || got < span.Most-1 {
			t.Errorf("%+v ends at %v", span, got)
		}
	}
}

func TestSleepTakesAnythingUpToTheSpan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		span := backoff.Span{First: time.Second, Most: time.Minute}
		var total time.Duration
		const attempts = 1000
		for range attempts {
			begun := time.Now()
			slept, err := span.Sleep(t.Context(), 2)
			if err != nil || slept != time.Since(begun) || slept < 0 || slept >= 2*time.Second {
				t.Fatalf("slept %v, returned %v: %v", time.Since(begun), slept, err)
			}
			total += slept
		}
		if mean := total / attempts; mean < 900*time.Millisecond || mean > 1100*time.Millisecond {
			t.Errorf("a mean of %v over a span of 2 s", mean)
		}
	})
}

func TestSleepEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun, gone := time.Now(), errors.New("gone")
		ctx, end := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { end(gone) })
		if err := backoff.Sleep(ctx, time.Hour); !errors.Is(err, gone) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if _, err := (backoff.Span{First: 1, Most: 1}).Sleep(ctx, 1); !errors.Is(err, gone) {
			t.Errorf("a context that has ended: %v", err)
		}
	})
}
