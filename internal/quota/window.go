package quota

import (
	"math"
	"sync"
	"time"
)

// WindowSize returns how many devices must be in flight so that an import
// runs at a rate, by Little's law: rate × time that a device is in flight.
// A device is in flight for as many latencies as it has steps that wait for one
// another (depth). What varies is met by a reserve of half. The result lies
// between least and most; an unlimited rate takes most.
func WindowSize(devicesPerSecond float64, latency time.Duration, depth, least, most int) int {
	n := math.Ceil(devicesPerSecond * latency.Seconds() * float64(max(depth, 1)) * reserve)
	// The queue before each limiter must never run dry for want of a device.
	n += float64(max(depth, 1))
	if !(n < float64(most)) {
		return max(least, most)
	}
	return max(least, int(n))
}

const (
	reserve = 1.5
	// weight is what one new measurement counts in the averages.
	weight = 1.0 / 32
)

// Latency measures how long calls take, permission to answer. The zero value
// is ready. It is safe for concurrent use.
type Latency struct {
	mu              sync.Mutex
	mean, deviation float64 // seconds
}

// Observe takes note of one call.
func (l *Latency) Observe(took time.Duration) {
	s := max(took, 0).Seconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mean == 0 {
		l.mean, l.deviation = s, s/2
		return
	}
	l.deviation += weight * (math.Abs(s-l.mean) - l.deviation)
	l.mean += weight * (s - l.mean)
}

// High returns a latency that few calls exceed: the moving mean and twice the
// mean deviation. It is 0 before the first observation.
func (l *Latency) High() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return seconds(l.mean + 2*l.deviation)
}
