package bring

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
)

const (
	// refreshAfter is the maximum age of quotas, retryAfter the time until quotas
	// that could not be read are tried again.
	refreshAfter = time.Hour
	retryAfter   = 5 * time.Minute
	// readMost is how long a batch waits for quotas.
	readMost = 5 * time.Second
)

// Quotas holds the limiters of one instance. They live as long as the instance, so
// that the next batch knows what they learned about the load of others. It is safe
// for concurrent use.
type Quotas struct {
	// Applied returns the quotas of the account by quota code.
	Applied func(ctx context.Context) (map[string]float64, error)
	// Share is the part of every quota that the stack may use, above 0 and at most 1.
	// Sharers is how many instances may run concurrently.
	Share   float64
	Sharers int
	Log     *slog.Logger

	mu       sync.Mutex
	applied  map[string]float64
	limiters limiters
	due      time.Time
}

type limiters = *quota.Limiters

// Limiters returns the current limiters. Once an hour it reads the quotas, and
// replaces the limiters if the quotas have changed. If it cannot read them, it keeps
// the old limiters, or uses the defaults.
func (q *Quotas) Limiters(ctx context.Context) *quota.Limiters {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limiters != nil && time.Now().Before(q.due) {
		return q.limiters
	}
	reading, cancel := context.WithTimeout(ctx, readMost)
	defer cancel()
	applied, err := q.Applied(reading)
	q.due = time.Now().Add(refreshAfter)
	if err != nil {
		q.Log.WarnContext(ctx, "the account's quotas could not be read", "error", err.Error())
		q.due = time.Now().Add(retryAfter)
		applied = q.applied
	}
	if q.limiters != nil && maps.Equal(applied, q.applied) {
		return q.limiters
	}
	set, err := quota.Resolve(quota.Sources{Applied: applied, Share: q.Share})
	if err != nil { // only for a share that ReadConfig refuses; it must not lift the limits
		q.Log.ErrorContext(ctx, "the default quotas are used", "error", err.Error())
		set, _ = quota.Resolve(quota.Sources{}) // without a share it does not fail
	}
	q.applied, q.limiters = applied, quota.NewLimiters(set, quota.Options{Sharers: q.Sharers})
	return q.limiters
}
