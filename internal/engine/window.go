package engine

import (
	"context"
	"math"
	"sync"
	"time"
)

// Window limits the devices in flight. Zero fields stand for the defaults.
type Window struct {
	// Min and Max limit the window that follows from quotas and measured times;
	// by default 16 and 512. A device in flight needs up to 100 KiB of memory.
	Min, Max int
	// Unlimited is the window if no quota limits the path; by default 64.
	Unlimited int
}

func (w Window) orDefault() Window {
	if w.Min <= 0 {
		w.Min = 16
	}
	if w.Max <= 0 {
		w.Max = 512
	}
	if w.Unlimited <= 0 {
		w.Unlimited = 64
	}
	w.Max = max(w.Max, w.Min)
	w.Unlimited = min(w.Unlimited, w.Max)
	return w
}

const (
	// windowMargin multiplies the window of Little's law, so that a few slow
	// devices do not leave the binding operation idle.
	windowMargin = 2.0
	// busyWeight is the weight of one device in the moving average of times.
	busyWeight = 1.0 / 64
	// busyGuess is assumed until the first device was measured.
	busyGuess = 500 * time.Millisecond
)

// A window admits devices by Little's law: devices in flight = rate × time in
// flight. The rate is the one that the quotas allow. The time is what devices
// spend on anything but waiting for quota.
type window struct {
	bounds Window

	mu     sync.Mutex
	inside int
	limit  int
	busy   float64 // seconds, moving average
	space  chan struct{}
}

func newWindow(bounds Window) *window {
	bounds = bounds.orDefault()
	return &window{bounds: bounds, limit: bounds.Unlimited, busy: busyGuess.Seconds(), space: make(chan struct{}, 1)}
}

// enter waits until one more device may be in flight. Only one goroutine may call it.
func (w *window) enter(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.mu.Lock()
		if w.inside < w.limit {
			w.inside++
			w.mu.Unlock()
			return nil
		}
		w.mu.Unlock()
		select {
		case <-w.space:
		case <-ctx.Done():
		}
	}
}

// leave takes out a device that was busy, and not waiting for quota, for that long.
func (w *window) leave(busy time.Duration) {
	w.mu.Lock()
	w.inside--
	w.busy += (busy.Seconds() - w.busy) * busyWeight
	w.mu.Unlock()
	w.wake()
}

func (w *window) wake() {
	select {
	case w.space <- struct{}{}:
	default:
	}
}

// fit adapts the limit to a ceiling in devices per second.
func (w *window) fit(ceiling float64) {
	w.mu.Lock()
	w.limit = w.bounds.Unlimited
	if !math.IsInf(ceiling, 1) {
		devices := math.Ceil(ceiling * w.busy * windowMargin)
		w.limit = int(min(max(devices, float64(w.bounds.Min)), float64(w.bounds.Max)))
	}
	w.mu.Unlock()
	w.wake()
}

func (w *window) numbers() (inside, limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inside, w.limit
}
