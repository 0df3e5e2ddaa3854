package quota

import (
	"context"
	"sync"

	"github.com/thingpress/thingpress/internal/iot"
)

// Limiters contains one [Limiter] per operation, created on first use. All methods are safe for
// concurrent use.
type Limiters struct {
	set     Set
	options Options

	mu sync.RWMutex
	by map[iot.Operation]*Limiter
}

// NewLimiters returns limiters for the quotas of a set, all with the same options.
func NewLimiters(s Set, o Options) *Limiters {
	return &Limiters{set: s, options: o, by: make(map[iot.Operation]*Limiter)}
}

// Limiter returns the limiter of op.
func (ls *Limiters) Limiter(op iot.Operation) *Limiter {
	ls.mu.RLock()
	l := ls.by[op]
	ls.mu.RUnlock()
	if l != nil {
		return l
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l = ls.by[op]; l == nil {
		l = NewLimiter(ls.set.TPS(op), ls.options)
		ls.by[op] = l
	}
	return l
}

// Wait waits until op may be called; see [Limiter.Wait].
func (ls *Limiters) Wait(ctx context.Context, op iot.Operation) (Ticket, error) {
	return ls.Limiter(op).Wait(ctx)
}

// Set returns the quotas from which the limiters were created.
func (ls *Limiters) Set() Set { return ls.set }

// Stats returns the state of every limiter in use.
func (ls *Limiters) Stats() map[iot.Operation]Stats {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	stats := make(map[iot.Operation]Stats, len(ls.by))
	for op, l := range ls.by {
		stats[op] = l.Stats()
	}
	return stats
}

// Ceiling returns the devices per second that the current rates allow, and the operation that
// limits them. It differs from [Ceiling] of the set by the margin, and by the real limits that
// limiters have found.
func (ls *Limiters) Ceiling(calls Calls) (devicesPerSecond float64, binding iot.Operation) {
	return minimum(calls, func(op iot.Operation) float64 { return ls.Limiter(op).Rate() })
}
