package quota

import "time"

const (
	// trialLeast and trialMost bound the answers that decide whether a cut helped.
	trialLeast, trialMost = 20, 60
	// deeper is the throttled share, of at least deeperCalls throttled, at which a
	// cut is followed by another before it is judged.
	deeper      = 0.3
	deeperCalls = 3
	// ambientMost is the highest throttled share that can be taken for independent
	// of the rate. Sharers throttle one another whatever one of them does, so it is
	// low for them, or they would all learn to bear it.
	ambientMost        = 0.5
	ambientMostSharing = 0.1
)

// trial is the time after a cut in which it has to show that it helps.
type trial struct {
	running bool
	start   time.Time
	window  time.Duration // by which the cut was measured

	found float64 // calls per second that were accepted in it

	limit, k float64 // the curve before
	since    time.Time
	share    float64 // throttled before
	sure     bool    // share was measured at a steady rate, by a trial

	took, refused int
}

// late adds an accepted call to the measurement that the cut was made by.
func (tr *trial) late(c *control, t Ticket) {
	if !tr.running || t.cut+1 != c.cuts || t.sent.Before(tr.start.Add(-tr.window)) {
		return
	}
	tr.found += 1 / tr.window.Seconds()
	if tr.found > c.limit {
		c.settle(tr.found, c.since)
	}
}

// count counts an answer to a call sent after the cut, and decides once there are enough.
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
	if tr.sure { // telling two shares apart takes more than telling one from none
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
		// What the first cut was measured by is an edge: too few were throttled
		// before it. Now the share is known, and a second cut tells.
		c.cut(now, elapsed, tr.took, tr.refused)
	default:
		// The share did not fall with the rate: it is not the rate.
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
