package call

import (
	"context"
	"sync"
	"time"
)

const (
	// OutageAfter is how long every call must have failed transiently before the run pauses.
	OutageAfter = 10 * time.Second
	// probeEvery is the time between probes during a pause.
	probeEvery = 5 * time.Second
)

// outage pauses the run if nothing answers any more. During a pause it lets one
// call at a time through as a probe, until one is answered.
type outage struct {
	paused  func(cause error)
	resumed func(after time.Duration)

	mu      sync.Mutex
	failing time.Time     // first transient failure since the last answer; zero for none
	since   time.Time     // when the pause began; zero while running
	rested  time.Duration // all pauses that ended
	probing bool          // a call was let through
	next    time.Time     // of the next probe
	changed chan struct{} // closed when one of the above changed during a pause
}

// enter returns when a call may be made, and reports whether the call is the
// probe of a pause. For every call that entered, answered, failed or withdrawn
// must be called.
func (o *outage) enter(ctx context.Context) (probe bool, err error) {
	for {
		o.mu.Lock()
		if o.since.IsZero() {
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

// pause reports whether the run is paused, and for how long.
func (o *outage) pause() (since time.Duration, paused bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return 0, false
	}
	return time.Since(o.since), true
}

// answered must be called after a call was answered, whatever the answer.
func (o *outage) answered() {
	o.mu.Lock()
	o.failing = time.Time{}
	if o.since.IsZero() {
		o.mu.Unlock()
		return
	}
	after := time.Since(o.since)
	o.rested += after
	o.since, o.probing = time.Time{}, false
	close(o.changed)
	o.mu.Unlock()
	if o.resumed != nil {
		o.resumed(after)
	}
}

// failed must be called after a call failed transiently.
func (o *outage) failed(probe bool, cause error) {
	o.mu.Lock()
	now := time.Now()
	switch {
	case !o.since.IsZero():
		if probe {
			o.again(now.Add(probeEvery))
		}
	case o.failing.IsZero():
		o.failing = now
	case now.Sub(o.failing) >= OutageAfter:
		o.since, o.next, o.probing = now, now.Add(probeEvery), false
		o.changed = make(chan struct{})
		o.mu.Unlock()
		if o.paused != nil {
			o.paused(cause)
		}
		return
	}
	o.mu.Unlock()
}

// withdrawn must be called if a call that entered was not made.
func (o *outage) withdrawn(probe bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if probe && !o.since.IsZero() {
		o.again(time.Now())
	}
}

func (o *outage) again(next time.Time) {
	o.probing, o.next = false, next
	close(o.changed)
	o.changed = make(chan struct{})
}

// rest returns the duration of all pauses so far.
func (o *outage) rest() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return o.rested
	}
	return o.rested + time.Since(o.since)
}
