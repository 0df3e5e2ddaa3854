package quota

import "time"

const (
	// trialLeast and trialMost limit the number of answers that decide whether a cut helped.
	trialLeast, trialMost = 20, 60
	// deeper is the share of throttled calls, at least deeperCalls of them, at which another
	// cut follows without an evaluation.
	deeper      = 0.3
	deeperCalls = 3
	// ambientMost is the highest throttled share that can be considered independent of the
	// rate. Sharers throttle one another whatever one of them does, so their value is low.
	// Otherwise they would all learn to tolerate it.
	ambientMost        = 0.5
	ambientMostSharing = 0.1
	// helped is the part of the throttled share before a cut below which the cut helped. Among
	// sharers, the others' calls are throttled on after a cut of one.
	helped        = 0.25
	helpedSharing = 0.5
)

// trial is the time after a cut in which the cut must prove that it helps.
type trial struct {
	running bool
	start   time.Time
	window  time.Duration // of the measurement for the cut

	found float64 // accepted calls per second in the window

	limit, k float64 // the curve before
	since    time.Time
	share    float64 // of throttled calls before
	sure     bool    // a trial measured the share, at a steady rate

	took, refused, waited int
}

// late adds an accepted call to the measurement for the cut.
func (tr *trial) late(c *control, t Ticket) {
	if !tr.running || t.cut+1 != c.cuts || t.sent.Before(tr.start.Add(-tr.window)) {
		return
	}
	tr.found += 1 / tr.window.Seconds()
	if tr.found > c.limit {
		c.settle(tr.found, c.since)
	}
}

// count counts an answer to a call sent after the cut, and decides when there are enough.
func (tr *trial) count(c *control, t Ticket, now time.Time, throttled bool) {
	if t.waited {
		tr.waited++
	}
	if throttled {
		tr.refused++
	} else {
		tr.took++
	}
	n := tr.took + tr.refused
	share := float64(tr.refused) / float64(n)
	elapsed := now.Sub(tr.start)
	if !tr.sure && tr.refused >= deeperCalls && share > max(deeper, 2*c.ambient.share()) && elapsed >= coolDown/4 {
		c.cut(now, elapsed, tr.took, tr.refused, tr.waited)
		return
	}
	need := min(max(3/tr.share, trialLeast), trialMost)
	if tr.sure { // comparing two shares takes more calls than comparing one with zero
		need = max(need, 2*trialLeast)
	}
	if elapsed < coolDown || float64(n) < need && elapsed < longest/2 {
		return
	}
	switch {
	case tr.refused == 0 || tr.sure && share < c.helped*tr.share:
		tr.running = false
		c.ambient = ambient{}
	case !tr.sure || share > c.ambientMost:
		// The first cut was measured right at the edge, with too few calls throttled before it.
		// Now the share is known, and a second cut decides.
		c.cut(now, elapsed, tr.took, tr.refused, tr.waited)
	default:
		// The share did not fall with the rate, so the rate is not its cause.
		tr.running = false
		c.takenBack++
		c.limit, c.k, c.since = tr.limit, tr.k, tr.since
		if c.ambient.share() == 0 && c.part == 0 {
			c.settle(c.cap, now) // limits measured before did not account for the ambient share
			c.k = 0
		}
		c.ambient.add(tr.took, tr.refused)
		c.busy = now
	}
}
