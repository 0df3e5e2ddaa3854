package quota

import (
	"math"
	"time"
)

const (
	// backOff is the part of the measured limit that is used immediately after a cut.
	backOff = 0.85
	// recovery is the minimum speed of recovery after a cut, as the part of the cap gained per
	// second.
	recovery = 0.02
	// nearPart is the share of its part from which a sharer's first cut stops at its part.
	nearPart = 0.9
	// fewAnswers is a number of answers too small to measure a limit.
	fewAnswers = 5
	// plateauCalls is the number of calls for which the rate stays below a limit before it
	// probes beyond. A failed probe costs one or two throttled calls.
	plateauCalls = 60
	// shortest and longest limit the time from a cut until the rate is back at the measured
	// limit.
	shortest = 4 * time.Second
	longest  = 30 * time.Second
	// coolDown is the minimum time between a cut and its evaluation. A quarter of it suffices
	// if a large share of calls is still throttled.
	coolDown = 2 * time.Second
)

// control computes the rate of one operation from the answers. It is not safe for concurrent
// use. See docs/adr/0003-rate-controller.md.
type control struct {
	cap   float64 // maximum that the quota allows, in calls per second; +Inf for none
	part  float64 // this limiter's part of the cap if others share the quota; otherwise 0
	limit float64 // the limit last measured; cap before the first measurement
	since time.Time
	k     float64 // seconds after since at which the curve is back at limit

	seen  history
	busy  time.Time // start of the time in which the history shows the server's limit
	trial trial

	ambient ambient
	// ambientMost and helped are the constants of these names, or those for sharers.
	ambientMost, helped float64

	accepted, throttled, other uint64
	cuts, takenBack            uint64
}

// startAt returns a control that starts at its cap.
func startAt(limit float64, now time.Time) control {
	return control{cap: limit, limit: limit, busy: now, since: now, seen: history{origin: now}, ambientMost: ambientMost, helped: helped}
}

// startBelow returns a control that starts at a part of the cap and grows.
func startBelow(limit, start float64, now time.Time) control {
	c := control{cap: limit, part: start, busy: now, seen: history{origin: now}, ambientMost: ambientMostSharing, helped: helpedSharing}
	c.settle(max(start, Floor), now)
	// Start at the point where the curve is back at its limit.
	c.since = now.Add(-seconds(c.k))
	return c
}

// settle makes limit the middle of a curve that starts now.
func (c *control) settle(limit float64, now time.Time) {
	c.limit = min(max(limit, Floor/backOff), c.cap)
	c.since = now
	if c.part == 0 {
		c.k = c.plateau(c.limit)
		return
	}
	// Sharers must gain the same number of calls in the same time, whatever their rates. A cut
	// takes a fraction of the rate, so together these make the rates equal.
	c.k = c.plateau(c.part) * math.Cbrt(c.limit/c.part)
}

// plateau returns the time in seconds until the curve is back at a limit.
func (c *control) plateau(limit float64) float64 {
	k := min(max(plateauCalls/limit, shortest.Seconds()), longest.Seconds())
	if math.IsInf(c.cap, 1) {
		return k
	}
	// However slowly the curve passes the limit, it must reach the cap no later than a straight
	// line of slope recovery.
	line := (c.cap - backOff*limit) / (recovery * c.cap)
	if c.part > 0 { // any number of sharers grow together no faster than two
		line *= c.cap / c.part / 2
	}
	return min(k, line/(1+math.Cbrt((c.cap-limit)/((1-backOff)*limit))))
}

// rate returns the calls per second that are allowed now.
func (c *control) rate(now time.Time) float64 {
	if c.part > 0 && c.ambient.share() > 0 {
		// A sharer cannot tell faults from the others' pressure. If it tolerated throttling
		// beyond its part, the others would give way to it until it had nearly everything.
		return max(min(c.curve(now), c.part), Floor)
	}
	return c.curve(now)
}

// curve returns the value of a cubic curve: fast back to the limit, slow around it, then faster
// and faster up to the cap.
func (c *control) curve(now time.Time) float64 {
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

// woke must be called at the end of an idle second.
func (c *control) woke(now time.Time) { c.busy = now }

func (c *control) tookCall(t Ticket, now time.Time) {
	c.accepted++
	c.seen.add(t, now, 1, 0)
	if t.cut == c.cuts {
		c.weigh(t, now, false)
		return
	}
	// The call was sent before the cut and answered after it, so it belongs to the measurement
	// for the cut.
	c.trial.late(c, t)
}

func (c *control) refusedCall(t Ticket, now time.Time) {
	c.throttled++
	c.seen.add(t, now, 0, 1)
	if t.cut == c.cuts {
		c.weigh(t, now, true)
	}
}

// window returns the length of the history for a measurement: long enough for a number of
// calls, but without the time in which the history does not show the server's limit.
func (c *control) window(now time.Time) time.Duration {
	calls := plateauCalls / 2.0
	if c.ambient.share() > 0 { // comparing two shares takes more calls than comparing one with zero
		calls *= 4
	}
	w := seconds(min(max(calls/c.rate(now), 1), longest.Seconds()/2))
	return max(min(w, now.Sub(c.busy)), time.Second)
}

// weigh evaluates an answer to a call that was sent after the last cut.
func (c *control) weigh(t Ticket, now time.Time, throttled bool) {
	if c.trial.running {
		c.trial.count(c, t, now, throttled)
		return
	}
	if c.ambient.age(throttled) && c.part > 0 && c.curve(now) > c.part { // grow from the part, without a jump
		c.settle(c.part, now)
		c.since = now.Add(-seconds(c.k))
	}
	if !throttled {
		return
	}
	w := c.window(now)
	took, refused, waited := c.seen.sum(now.Add(-w), now)
	if n := took + refused; float64(refused) > c.tolerated(n) && (n >= fewAnswers || took == 0) {
		c.cut(now, w, took, refused, waited)
	}
}

// tolerated returns the maximum number of throttled answers among n that the ambient share
// explains. A single one does not refute a known quota.
func (c *control) tolerated(n int) float64 {
	if c.ambient.share() == 0 && c.limit >= c.cap && !math.IsInf(c.cap, 1) && c.part == 0 {
		return 1
	}
	return c.ambient.most(n)
}

// cut lowers the rate to that of accepted calls in the window.
func (c *control) cut(now time.Time, w time.Duration, took, refused, waited int) {
	before := c.trial
	c.cuts++
	c.trial = trial{
		running: true, start: now, window: w,
		limit: c.limit, k: c.k, since: c.since,
		share: float64(refused) / float64(max(took+refused, 1)),
	}
	if before.running { // the previous cut was not deep enough; keep the curve before it
		c.trial.limit, c.trial.k, c.trial.since = before.limit, before.k, before.since
		c.trial.sure = true
	}
	c.trial.found = float64(took) / w.Seconds()
	limit := c.trial.found
	if n := took + refused; n < fewAnswers || !c.measured(now, w, n, waited) {
		limit = max(limit, c.rate(now)*max(float64(took)/float64(max(n, 1)), 0.5))
	}
	if rate := c.rate(now); c.part > 0 && !before.running && rate >= nearPart*c.part && backOff*limit < c.part {
		// While each sharer keeps to its part, all of them keep to the quota. Another one has
		// more than its part, and is throttled as well.
		c.settle(c.part, now)
		c.since = now.Add(-seconds(c.k))
	} else {
		c.settle(limit, now)
	}
	c.busy = now
}

// measured reports whether n calls in a window were as many as the rate allowed, so that the
// accepted ones show the server's limit and not the demand.
func (c *control) measured(now time.Time, w time.Duration, n, waited int) bool {
	rate := c.rate(now)
	if c.part > 0 { // sharers give way to one another even if none of them has to wait
		return float64(n) >= w.Seconds()*rate/10
	}
	return waited >= n/2 || math.IsInf(rate, 1)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
