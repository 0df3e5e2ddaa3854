package quota

import "math"

// ambient is what is known of throttling that does not depend on the rate. The zero value knows
// of none.
type ambient struct {
	took, refused int
	run           int // answers since the last throttled one
}

// share returns the share of calls that are throttled at any rate.
func (a *ambient) share() float64 {
	if a.refused == 0 {
		return 0
	}
	return float64(a.refused) / float64(a.took+a.refused)
}

// add refines the share by answers to calls at a rate below the server's limit.
func (a *ambient) add(took, refused int) {
	a.took += took
	a.refused += refused
	a.run = 0
}

// age forgets the share after so many accepted calls in a row that it would be a coincidence, and
// reports whether it did.
func (a *ambient) age(throttled bool) (forgotten bool) {
	a.run++
	if throttled {
		a.run = 0
	}
	// By chance once in 3,000 times, the uncertainty of the share included (refusals as a Poisson
	// process whose rate was unknown before they were counted).
	if a.refused > 0 && float64(a.refused+1)*math.Log1p(float64(a.run)/float64(a.took+a.refused)) > 8 {
		*a = ambient{}
		return true
	}
	return false
}

// most returns the maximum number of throttled answers among n that the share explains.
func (a *ambient) most(n int) float64 {
	share := a.share()
	if share == 0 {
		return 0
	}
	mean := share * float64(n)
	known := float64(a.took + a.refused)
	return mean + 3*math.Sqrt(mean+mean*float64(n)/known) + 1
}
