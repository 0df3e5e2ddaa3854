package sandbox

import (
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
)

// RegistrationQuota is used like the name of an operation for the quota on certificates
// registered per second by any operation. It is enforced, and reported by Service Quotas, only
// if it is set.
const RegistrationQuota = quota.Registrations

// quotas limits calls per second. Each operation has a bucket that holds one second of calls
// and is full at the start. A refused call takes no token; a call that ran and failed takes
// one.
type quotas struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tps, tokens float64
	last        time.Time
}

func newQuotas(tps map[string]float64) *quotas {
	q := &quotas{buckets: map[string]*bucket{}}
	for name, n := range tps {
		q.buckets[name] = newBucket(n)
	}
	return q
}

func newBucket(tps float64) *bucket {
	b := &bucket{tps: tps}
	b.tokens = b.size()
	return b
}

// size returns one second of calls, but at least one call, since a quota below one would
// otherwise refuse every call.
func (b *bucket) size() float64 { return max(b.tps, 1) }

func (b *bucket) fill(now time.Time) {
	if !b.last.IsZero() {
		b.tokens = min(b.tokens+b.tps*now.Sub(b.last).Seconds(), b.size())
	}
	b.last = now
}

// take takes one token of each quota that applies to a call, or none if one of them is
// exhausted.
func (q *quotas) take(op string, now time.Time) bool {
	names := [2]string{op}
	if op == "RegisterCertificateWithoutCA" || op == "RegisterCertificate" {
		names[1] = RegistrationQuota
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range names {
		if b := q.buckets[name]; b != nil {
			// Tolerate rounding: a fifteenth of a second is not a whole number of nanoseconds.
			if b.fill(now); b.tokens < 1-1e-6 {
				return false
			}
		}
	}
	for _, name := range names {
		if b := q.buckets[name]; b != nil {
			b.tokens--
		}
	}
	return true
}

func (q *quotas) set(op string, tps float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if tps <= 0 {
		delete(q.buckets, op)
		return
	}
	q.buckets[op] = newBucket(tps)
}

func (q *quotas) enforced() map[string]float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make(map[string]float64, len(q.buckets))
	for name, b := range q.buckets {
		out[name] = b.tps
	}
	return out
}
