package quota

import (
	"context"
	"sync"

	"github.com/thingpress/thingpress/internal/iot"
)

// Limiters holds one [Limiter] per operation and makes each when it is first asked
// for. All methods are safe for concurrent use.
type Limiters struct {
	set     Set
	options Options

	mu sync.RWMutex
	by map[iot.Operation]*Limiter
}

// NewLimiters returns limiters for the quotas of a set, each with the same options.
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

// Set returns the quotas that the limiters were made from.
func (ls *Limiters) Set() Set { return ls.set }

// Stats returns the state of every limiter that was asked for.
func (ls *Limiters) Stats() map[iot.Operation]Stats {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	stats := make(map[iot.Operation]Stats, len(ls.by))
	for op, l := range ls.by {
		stats[op] = l.Stats()
	}
	return stats
}

// Ceiling returns what the rates in force allow, in devices per second, and the
// operation that binds. It differs from [Ceiling] of the set by the margin, and
// by what limiters have found the real limits to be.
func (ls *Limiters) Ceiling(calls Calls) (devicesPerSecond float64, binding iot.Operation) {
	return minimum(calls, func(op iot.Operation) float64 { return ls.Limiter(op).Rate() })
}
