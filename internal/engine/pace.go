package engine

import "time"

const (
	// paceSpan is the time that the pace looks back at least, and paceShare the part of the run
	// that it looks back later on, so that a minute of throttling does not move the estimate of
	// the remaining hours.
	paceSpan  = 30 * time.Second
	paceShare = 4
)

// A pace is the average rate of a run, from which the remaining time is estimated. Recent
// devices weigh more, because the later part of an import may take another path. The zero value
// is ready to use.
type pace struct {
	worked time.Duration // time without pauses
	at     time.Time
	done   int
	rate   float64 // devices per second
}

// add takes the number of devices done until now. The time since the previous call does not
// count if the run is paused.
func (p *pace) add(now time.Time, done int, paused bool) {
	spent, devices := now.Sub(p.at), done-p.done
	first := p.at.IsZero()
	p.at, p.done = now, done
	if first || paused || spent <= 0 {
		return
	}
	p.worked += spent
	span := min(p.worked, max(paceSpan, p.worked/paceShare))
	p.rate += (float64(devices)/spent.Seconds() - p.rate) * min(1, spent.Seconds()/span.Seconds())
}

// left returns the time that the remaining devices take; 0 if it is not known.
func (p *pace) left(devices int) time.Duration {
	if p.rate <= 0 || devices <= 0 {
		return 0
	}
	return time.Duration(float64(devices) / p.rate * float64(time.Second))
}
