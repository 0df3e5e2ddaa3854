package sandbox

import (
	"hash/fnv"
	"sync"
	"time"
)

// stallTime is how long a stalled call takes.
const stallTime = 3 * time.Second

// Faults are the injected faults, as shares (0 to 1) of the calls of each operation, with a sum
// of at most 1. With the same seed, the n-th call of an operation has the same fault in every
// run.
type Faults struct {
	// Throttle answers ThrottlingException. The call has no effect.
	Throttle float64
	// Error answers 503 without effect, or 500, half of them after the call took effect.
	Error float64
	// Drop closes the connection without an answer, half of the time before and half of the
	// time after the call took effect.
	Drop float64
	// Stall waits three seconds and then does what Error or Drop does. Half of the calls take
	// effect before the wait.
	Stall float64
	// Stale is the time by which the lists of attachments, members, things and certificates lag
	// behind.
	Stale time.Duration
	// Seed of the run.
	Seed uint64
}

type faultKind byte

const (
	faultNone faultKind = iota
	faultThrottle
	faultError
	faultDrop
	faultStall
)

func (k faultKind) String() string {
	return [...]string{"", "throttle", "error", "drop", "stall"}[k]
}

// fault is the fault of one call.
type fault struct {
	kind     faultKind
	after    bool    // the call takes effect before the fault
	drop     bool    // the connection is closed without an answer
	internal bool    // 500 instead of 503
	jitter   float64 // in [-1, 1), of the latency
}

// faults decides about the fault of each call. It must be set before the first call.
type faults struct {
	mu     sync.Mutex
	is     Faults
	counts map[string]uint64
}

// next returns the fault of the next call of an operation.
func (f *faults) next(op string) fault {
	f.mu.Lock()
	n := f.counts[op]
	f.counts[op]++
	is := f.is
	f.mu.Unlock()
	return is.decide(op, n)
}

func (f Faults) decide(op string, n uint64) fault {
	h := fnv.New64a()
	h.Write([]byte(op))
	draw := dice(f.Seed ^ h.Sum64() ^ n*0x9e3779b97f4a7c15)
	which, half, other := draw.next(), draw.next() < 0.5, draw.next() < 0.5
	d := fault{jitter: 2*draw.next() - 1}
	switch {
	case which < f.Throttle:
		d.kind = faultThrottle
	case which < f.Throttle+f.Error:
		d.kind, d.internal = faultError, half
		d.after = d.internal && other
	case which < f.Throttle+f.Error+f.Drop:
		d.kind, d.drop, d.after = faultDrop, true, half
	case which < f.Throttle+f.Error+f.Drop+f.Stall:
		d.kind, d.drop, d.after = faultStall, other, half
	}
	return d
}

// dice is SplitMix64, for which every seed is a good one.
type dice uint64

func (d *dice) next() float64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

// set changes the faults. It counts calls from zero again, so that a seed gives the same
// faults.
func (f *faults) set(is Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.is, f.counts = is, map[string]uint64{}
}

// Latency is the duration of an answer: Mean, plus or minus up to Jitter.
type Latency struct{ Mean, Jitter time.Duration }

// sample returns a latency for a number in [-1, 1).
func (l Latency) sample(jitter float64) time.Duration {
	return max(0, l.Mean+time.Duration(jitter*float64(l.Jitter)))
}
