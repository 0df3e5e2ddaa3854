package engine

import (
	"context"
	"sync"
	"time"
)

const (
	// outageAfter is how long every call must fail transiently before the import pauses.
	outageAfter = 10 * time.Second
	// probeEvery is how often one call is let through while it is paused.
	probeEvery = 5 * time.Second
)

// outage notices that nothing answers any more, and pauses the import: one
// call at a time is let through as a probe until one is answered.
type outage struct {
	events Events

	mu      sync.Mutex
	failing time.Time     // first transient failure since the last answer; zero for none
	paused  time.Time     // since when; zero while running
	rested  time.Duration // all pauses that ended
	probing bool          // a call was let through
	next    time.Time     // when the next may be
	changed chan struct{} // closed when one of the above changed during a pause
}

// enter returns when a call may be made; probe says that it is the one of a
// pause. Every call that entered ends with answered, failed or withdrawn.
func (o *outage) enter(ctx context.Context) (probe bool, err error) {
	for {
		o.mu.Lock()
		if o.paused.IsZero() {
			o.mu.Unlock()
			return false, nil
		}
		now := time.Now()
		if !o.probing && !now.Before(o.next) {
			o.probing = true
			o.mu.Unlock()
			return true, nil
		}
		changed, wait := o.changed, probeEvery
		if !o.probing {
			wait = o.next.Sub(now)
		}
		o.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, context.Cause(ctx)
		}
		timer.Stop()
	}
}

// resting says whether the import is paused.
func (o *outage) resting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.paused.IsZero()
}

// pausedFor returns how long the import has been paused; 0 while it is not.
func (o *outage) pausedFor() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paused.IsZero() {
		return 0
	}
	return time.Since(o.paused)
}

// answered tells that a call was answered, whatever the answer.
func (o *outage) answered() {
	o.mu.Lock()
	o.failing = time.Time{}
	if o.paused.IsZero() {
		o.mu.Unlock()
		return
	}
	after := time.Since(o.paused)
	o.rested += after
	o.paused, o.probing = time.Time{}, false
	close(o.changed)
	o.mu.Unlock()
	o.events.send(Resumed{After: after})
}

// failed tells that a call failed transiently.
func (o *outage) failed(probe bool, cause error) {
	o.mu.Lock()
	now := time.Now()
	switch {
	case !o.paused.IsZero():
		if probe {
			o.again(now.Add(probeEvery))
		}
	case o.failing.IsZero():
		o.failing = now
	case now.Sub(o.failing) >= outageAfter:
		o.paused, o.next, o.probing = now, now.Add(probeEvery), false
		o.changed = make(chan struct{})
		o.mu.Unlock()
		o.events.send(Paused{Cause: cause})
		return
	}
	o.mu.Unlock()
}

// withdrawn tells that a call which entered was not made.
func (o *outage) withdrawn(probe bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if probe && !o.paused.IsZero() {
		o.again(time.Now())
	}
}

func (o *outage) again(next time.Time) {
	o.probing, o.next = false, next
	close(o.changed)
	o.changed = make(chan struct{})
}

// rest returns how long the import was paused so far.
func (o *outage) rest() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paused.IsZero() {
		return o.rested
	}
	return o.rested + time.Since(o.paused)
}
