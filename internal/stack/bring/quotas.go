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
	// refreshAfter is how old quotas may be, and retryAfter when they are read
	// again that could not be.
	refreshAfter = time.Hour
	retryAfter   = 5 * time.Minute
	// readMost is how long a batch waits for quotas.
	readMost = 5 * time.Second
)

// Quotas are the limiters of one instance. They live as long as the instance,
// so that what they learned about the rate of others is not lost with a batch.
// It is safe for concurrent use.
type Quotas struct {
	// Applied reads the account's quotas by their codes.
	Applied func(ctx context.Context) (map[string]float64, error)
	// Share of every quota that is the stack's, above 0 and at most 1, and
	// Sharers how many instances may run at once.
	Share   float64
	Sharers int
	Log     *slog.Logger

	mu       sync.Mutex
	applied  map[string]float64
	limiters limiters
	due      time.Time
}

type limiters = *quota.Limiters

// Limiters returns the limiters in force. Once an hour it reads the quotas, and
// if those have changed there are new limiters. If they cannot be read, the
// old ones stay, or the defaults hold.
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
	if err != nil { // a share that no configuration lets through, and that must not mean no quota
		q.Log.ErrorContext(ctx, "the defaults hold instead of the quotas", "error", err.Error())
		set, _ = quota.Resolve(quota.Sources{}) // without a share it does not fail
	}
	q.applied, q.limiters = applied, quota.NewLimiters(set, quota.Options{Sharers: q.Sharers})
	return q.limiters
}
