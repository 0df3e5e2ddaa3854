package quota

import (
	"math"
	"time"
)

const (
	// backOff is the part of the limit found that is used right after a cut.
	backOff = 0.85
	// recovery is the part of the cap per second at which a cut is made good at the latest.
	recovery = 0.02
	// plateauCalls is how many calls the rate stays below a limit before it probes
	// beyond. A probe that fails costs one or two throttled calls.
	plateauCalls = 60
	// fewAnswers are too few to measure a limit by; the rate is halved at most.
	fewAnswers = 5
	// shortest and longest bound the time from a cut to the limit found.
	shortest = 4 * time.Second
	longest  = 30 * time.Second
	// coolDown is the least time between a cut and its judgement. A quarter of it
	// is enough if a great part of the calls is still throttled.
	coolDown = 2 * time.Second
)

// control decides the rate of one operation from the answers. It is not safe
// for concurrent use. See docs/adr/0003-rate-controller.md.
type control struct {
	cap   float64 // the most the quota allows, in calls per second; +Inf for none
	part  float64 // of the cap that is this limiter's if others share the quota; 0 if none do
	limit float64 // what the server last showed to allow; cap before it showed anything
	since time.Time
	k     float64 // seconds from since until the curve is back at limit

	seen  history
	busy  time.Time // since when the history shows what the server allows
	trial trial

	ambient float64   // share of calls throttled whatever the rate
	checked time.Time // when it was last compared with the history

	ambientMost float64

	accepted, throttled, other uint64
	cuts, takenBack            uint64
}

// startAt returns a control at its cap.
func startAt(limit float64, now time.Time) control {
	return control{cap: limit, limit: limit, busy: now, since: now, seen: history{origin: now}, ambientMost: ambientMost}
}

// startBelow returns a control that begins at a part of the cap and grows.
func startBelow(limit, start float64, now time.Time) control {
	c := control{cap: limit, part: start, busy: now, seen: history{origin: now}, ambientMost: ambientMostSharing}
	c.settle(max(start, Floor), now)
	// The curve begins where it is back at its limit.
	c.since = now.Add(-seconds(c.k))
	return c
}

// settle makes limit the middle of the curve that starts now.
func (c *control) settle(limit float64, now time.Time) {
	c.limit = min(max(limit, Floor/backOff), c.cap)
	c.since = now
	if c.part == 0 {
		c.k = c.plateau(c.limit)
		return
	}
	// Sharers grow by the same number of calls in the same time, whatever each
	// has: then a cut, which takes a part of what one has, makes them equal.
	c.k = c.plateau(c.part) * math.Cbrt(c.limit/c.part)
}

// plateau is how long the curve takes to be back at a limit, in seconds.
func (c *control) plateau(limit float64) float64 {
	k := min(max(plateauCalls/limit, shortest.Seconds()), longest.Seconds())
	if math.IsInf(c.cap, 1) {
		return k
	}
	// However slowly the curve passes the limit, the cap is reached no later
	// than along a straight line of recovery.
	line := (c.cap - backOff*limit) / (recovery * c.cap)
	if c.part > 0 { // more than two sharers grow together no faster than two
		line *= c.cap / c.part / 2
	}
	return min(k, line/(1+math.Cbrt((c.cap-limit)/((1-backOff)*limit))))
}

// rate is a cubic curve: fast back to the limit, slow around it, then ever
// faster, up to the cap.
func (c *control) rate(now time.Time) float64 {
	if c.limit >= c.cap && c.k == 0 {
		return c.cap
	}
	x := now.Sub(c.since).Seconds()/c.k - 1
	r := c.limit * (1 + (1-backOff)*x*x*x)
	if r >= min(c.cap, unlimitedFrom) {
		return c.cap
	}
	return max(r, Floor)
}

// woke notes that an idle second is over.
func (c *control) woke(now time.Time) { c.busy = now }

func (c *control) tookCall(t Ticket, now time.Time) {
	c.accepted++
	c.seen.add(t.sent, now, 1, 0)
	if t.cut == c.cuts {
		c.weigh(now, false)
		return
	}
	// It was sent before the cut and answered after it, so it belongs to what the cut was measured by.
	c.trial.late(c, t)
}

func (c *control) refusedCall(t Ticket, now time.Time) {
	c.throttled++
	c.seen.add(t.sent, now, 0, 1)
	if t.cut == c.cuts {
		c.weigh(now, true)
	}
}

// window is how far back a measurement looks: far enough for a number of calls,
// but not beyond the time since which the history shows what the server allows.
func (c *control) window(now time.Time) time.Duration {
	calls := plateauCalls / 2.0
	if c.ambient > 0 { // telling two shares apart takes more than telling one from none
		calls *= 4
	}
	w := seconds(min(max(calls/c.rate(now), 1), longest.Seconds()/2))
	return max(min(w, now.Sub(c.busy)), time.Second)
}

// weigh takes an answer to a call that was sent since the last cut into account.
func (c *control) weigh(now time.Time, throttled bool) {
	if c.trial.running {
		c.trial.count(c, now, throttled)
		return
	}
	if !throttled {
		c.forget(now)
		return
	}
	w := c.window(now)
	took, refused := c.seen.sum(now.Add(-w), now)
	if float64(refused) > c.tolerated(took+refused) {
		c.cut(now, w, took, refused)
	}
}

// tolerated is the largest number of throttled answers among n that the ambient
// share explains.
func (c *control) tolerated(n int) float64 {
	if c.ambient == 0 {
		return 0
	}
	mean := c.ambient * float64(n)
	return mean + 3*math.Sqrt(mean) + 1
}

// forget drops the ambient share once far fewer calls are throttled than it predicts.
func (c *control) forget(now time.Time) {
	if c.ambient == 0 || now.Sub(c.checked) < time.Second {
		return
	}
	c.checked = now
	took, refused := c.seen.sum(now.Add(-longest/2), now)
	if n := took + refused; n >= 100 && float64(refused)/float64(n) < c.ambient/4 {
		c.ambient = 0
	}
}

// cut lowers the rate to what was accepted in the window.
func (c *control) cut(now time.Time, w time.Duration, took, refused int) {
	before := c.trial
	c.cuts++
	c.trial = trial{
		running: true, start: now, window: w,
		limit: c.limit, k: c.k, since: c.since,
		share: float64(refused) / float64(max(took+refused, 1)),
	}
	if before.running { // the cut before was not deep enough; what to go back to is the same
		c.trial.limit, c.trial.k, c.trial.since = before.limit, before.k, before.since
		c.trial.sure = true
	}
	c.trial.found = float64(took) / w.Seconds()
	limit := c.trial.found
	// If far fewer calls were made than allowed, what was accepted shows the
	// demand rather than the server's limit.
	if n, rate := took+refused, c.rate(now); n < fewAnswers || !math.IsInf(rate, 1) && float64(n) < w.Seconds()*rate/10 {
		limit = max(limit, rate/2)
	}
	c.settle(limit, now)
	c.busy = now
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
