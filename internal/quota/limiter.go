package quota

import (
	"container/list"
	"context"
	"math"
	"sync"
	"time"
)

const (
	// Margin is the part of a known quota that is used. The rest allows for clocks that run at
	// different speeds: a server whose second is longer counts more calls in it.
	Margin = 0.995
	// lone is the quota in calls per second below which the bucket of the server holds a single call.
	// Calls that bunch would find it empty.
	lone = 2
	// bunching is by how many seconds such calls may arrive closer together than they were sent.
	bunching = 0.04
	// Floor is the lowest rate in calls per second, so that a recovery is noticed.
	Floor = 0.2
	// unlimitedFrom is the rate above which pacing has no measurable effect.
	unlimitedFrom = 1e6
	// slack is the unused time, in seconds, that short gaps may give back. It compensates for
	// late timers and for moments without a ready device.
	slack = 0.25
	// idleBurst is the burst after an idle second, in seconds' worth of calls. It is half of
	// the burst that the server then allows.
	idleBurst = 0.5
	// tick is the shortest sleep between releases. Faster rates release several calls at a
	// time.
	tick = time.Millisecond
)

// Options configure limiters.
type Options struct {
	// Sharers is the maximum number of limiters on the same quota, including this one, such as
	// the stack's MaxConcurrency. Above 1 the limiter starts with its part of the quota and
	// without a burst, and grows towards the whole quota as long as nothing is throttled. 0
	// means 1.
	Sharers int
}

// A Limiter paces the calls of one operation. It grants permissions in the order of the
// requests. All methods are safe for concurrent use.
type Limiter struct {
	mu      sync.Mutex
	control control
	burst   float64 // seconds' worth of calls after an idle second

	tokens  float64
	filled  time.Time // when tokens was computed
	waiting list.List // of *waiter
	timer   *time.Timer
	granted uint64
}

type waiter struct {
	ready  chan struct{}
	ticket Ticket
}

// NewLimiter returns a limiter for a quota in calls per second; +Inf means no quota. It stays
// below the quota by [Margin], and slows down as soon as the server throttles, whatever the
// quota. See docs/adr/0003-rate-controller.md.
func NewLimiter(tps float64, o Options) *Limiter {
	now := time.Now()
	limit := max(paced(tps), Floor)
	l := &Limiter{burst: idleBurst, filled: now}
	if o.Sharers > 1 && !math.IsInf(limit, 1) {
		l.burst = 0
		l.control = startBelow(limit, limit/float64(o.Sharers), now)
	} else {
		l.control = startAt(limit, now)
	}
	l.tokens = max(1, l.control.rate(now)*l.burst)
	return l
}

// paced returns the calls per second for a quota.
func paced(tps float64) float64 {
	if tps < lone {
		return 1 / (1/tps + bunching)
	}
	return tps * Margin
}

// Wait returns when the call may be made. After the answer, one method of the ticket must be
// called. An error is the cause that ended ctx; then no call may be made.
func (l *Limiter) Wait(ctx context.Context) (Ticket, error) {
	if err := ctx.Err(); err != nil {
		return Ticket{}, context.Cause(ctx)
	}
	l.mu.Lock()
	now := time.Now()
	l.fill(now)
	if l.waiting.Len() == 0 && l.tokens >= 1 {
		t := l.grant(now)
		l.mu.Unlock()
		return t, nil
	}
	w := &waiter{ready: make(chan struct{})}
	e := l.waiting.PushBack(w)
	if l.waiting.Len() == 1 {
		l.schedule(now)
	}
	l.mu.Unlock()

	select {
	case <-w.ready:
		return w.ticket, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.ready: // granted in the meantime; return the permission
		l.tokens++
		l.granted--
		l.release(time.Now())
	default:
		l.waiting.Remove(e)
	}
	return Ticket{}, context.Cause(ctx)
}

// fill updates the tokens. A gap of a second gives the burst, a shorter one at most the slack.
func (l *Limiter) fill(now time.Time) {
	gap := now.Sub(l.filled).Seconds()
	if gap <= 0 {
		return
	}
	l.filled = now
	rate := l.control.rate(now)
	if rate >= unlimitedFrom {
		l.tokens = rate
		return
	}
	most := 1.0
	if rate >= lone {
		most += rate * slack
	}
	if l.waiting.Len() == 0 && gap >= 1 {
		most = max(1, rate*l.burst)
		l.control.woke(now)
	}
	// The burst of an idle second stays until it is spent.
	l.tokens = max(l.tokens, min(l.tokens+gap*rate, most))
}

func (l *Limiter) grant(now time.Time) Ticket {
	l.tokens--
	l.granted++
	return Ticket{limiter: l, sent: now, cut: l.control.cuts}
}

// release grants permissions in order while there are tokens, and schedules the next release.
func (l *Limiter) release(now time.Time) {
	l.fill(now)
	for l.waiting.Len() > 0 && l.tokens >= 1 {
		w := l.waiting.Remove(l.waiting.Front()).(*waiter)
		w.ticket = l.grant(now)
		w.ticket.waited = true
		close(w.ready)
	}
	l.schedule(now)
}

func (l *Limiter) schedule(now time.Time) {
	if l.waiting.Len() == 0 {
		return
	}
	wait := time.Duration((1 - l.tokens) / l.control.rate(now) * float64(time.Second))
	// The rate may grow during a long wait, so check it every second.
	wait = min(max(wait+time.Nanosecond, tick), time.Second)
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.release(time.Now())
		})
		return
	}
	l.timer.Reset(wait)
}

// Rate returns the calls per second that the limiter allows now; +Inf if nothing limits them.
func (l *Limiter) Rate() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.control.rate(time.Now())
}

// Stats describes the work and the state of a limiter.
type Stats struct {
	// Rate and Cap are calls per second: the current rate, and the quota less the margin; +Inf
	// if nothing limits them.
	Rate, Cap float64
	// Waiting is the number of callers waiting for permission.
	Waiting int
	// Granted, Accepted, Throttled and Other count permissions and answers.
	Granted, Accepted, Throttled, Other uint64
	// Cuts is the number of times that throttling lowered the rate, and TakenBack the number of
	// cuts that were undone because they did not help.
	Cuts, TakenBack uint64
	// Ambient is the known share of calls that the server throttles at any rate.
	Ambient float64
}

// Stats returns a consistent copy.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.control
	return Stats{
		Rate: c.rate(time.Now()), Cap: c.cap, Waiting: l.waiting.Len(),
		Granted: l.granted, Accepted: c.accepted, Throttled: c.throttled, Other: c.other,
		Cuts: c.cuts, TakenBack: c.takenBack, Ambient: c.ambient.share(),
	}
}

// A Ticket is the permission for one call. After the answer, exactly one of its methods must be
// called, once. The methods of the zero Ticket do nothing.
type Ticket struct {
	limiter *Limiter
	sent    time.Time
	cut     uint64
	waited  bool // the limiter delayed the call
}

// Accepted reports that the server accepted the call, whatever the answer. Success, a conflict
// and a refusal of the device all count.
func (t Ticket) Accepted() { t.answer((*control).tookCall) }

// Throttled reports that the server refused the call because of its rate.
func (t Ticket) Throttled() { t.answer((*control).refusedCall) }

// Done reports that the call ended for a reason unrelated to the rate, such as a reset, a
// timeout or a 5xx, or was never made.
func (t Ticket) Done() {
	t.answer(func(c *control, _ Ticket, _ time.Time) { c.other++ })
}

func (t Ticket) answer(note func(*control, Ticket, time.Time)) {
	if t.limiter == nil {
		return
	}
	l := t.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.fill(now)
	cuts, back := l.control.cuts, l.control.takenBack
	note(&l.control, t, now)
	if l.control.cuts == cuts && l.control.takenBack == back {
		return
	}
	// Tokens that were saved up at the old rate would cause throttling at the new one.
	l.tokens = min(l.tokens, 1)
	l.schedule(now)
}
