package quota

import "time"

const (
	// trialCalls bound the answers that decide whether a cut helped.
	trialLeast, trialMost = 20, 60
	// deeper is the throttled share, of at least deeperCalls throttled, at which a
	// cut is followed by another before it is judged.
	deeper      = 0.3
	deeperCalls = 3
	// ambientMost is the highest share that is taken for independent of the rate.
	ambientMost = 0.5
)

// trial is the time after a cut in which it has to show that it helps.
type trial struct {
	running bool
	start   time.Time
	window  time.Duration // by which the cut was measured

	limit, k float64 // the curve before
	since    time.Time
	share    float64 // throttled before

	took, refused int
}

// late adds an accepted call to the measurement that the cut was made by.
func (tr *trial) late(c *control, t Ticket) {
	if !tr.running || t.cut+1 != c.cuts || t.sent.Before(tr.start.Add(-tr.window)) {
		return
	}
	since := c.since
	c.settle(c.limit+1/tr.window.Seconds(), since)
}

// count takes note of an answer to a call sent after the cut, and judges when it has enough.
func (tr *trial) count(c *control, now time.Time, throttled bool) {
	if throttled {
		tr.refused++
	} else {
		tr.took++
	}
	n := tr.took + tr.refused
	share := float64(tr.refused) / float64(n)
	elapsed := now.Sub(tr.start)
	if tr.refused >= deeperCalls && share > max(deeper, 2*c.ambient) && elapsed >= shortest/4 {
		c.cut(now, max(elapsed, time.Second/2), tr.took, tr.refused)
		return
	}
	need := trialMost
	if tr.share > 0 {
		need = int(min(max(3/tr.share, trialLeast), trialMost))
	}
	if elapsed < shortest || n < need && elapsed < longest/2 {
		return
	}
	tr.running = false
	if tr.refused == 0 || share < tr.share/3 || share > ambientMost {
		c.ambient /= 2
		if c.ambient < 0.005 {
			c.ambient = 0
		}
		return
	}
	// The share did not fall with the rate: it is not the rate.
	c.takenBack++
	c.ambient = max(c.ambient, share)
	c.limit, c.k, c.since = tr.limit, tr.k, tr.since
	c.busy = now
}
