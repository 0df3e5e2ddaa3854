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

	took, refused int
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
func (tr *trial) count(c *control, now time.Time, throttled bool) {
	if throttled {
		tr.refused++
	} else {
		tr.took++
	}
	n := tr.took + tr.refused
	share := float64(tr.refused) / float64(n)
	elapsed := now.Sub(tr.start)
	if !tr.sure && tr.refused >= deeperCalls && share > max(deeper, 2*c.ambient) && elapsed >= coolDown/4 {
		c.cut(now, elapsed, tr.took, tr.refused)
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
	case tr.refused == 0 || tr.sure && share < tr.share/2:
		tr.running = false
		c.ambient /= 2
		if c.ambient < 0.005 {
			c.ambient = 0
		}
	case !tr.sure || share > c.ambientMost:
		// The first cut was measured right at the edge, with too few calls throttled before it.
		// Now the share is known, and a second cut decides.
		c.cut(now, elapsed, tr.took, tr.refused)
	default:
		// The share did not fall with the rate, so the rate is not its cause.
		tr.running = false
		c.takenBack++
		if c.ambient > 0 {
			share = (c.ambient + share) / 2
		}
		c.ambient = share
		c.limit, c.k, c.since = tr.limit, tr.k, tr.since
		c.busy = now
	}
}
