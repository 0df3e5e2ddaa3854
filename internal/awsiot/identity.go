package awsiot

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// An identity provides credentials, and renews them once if AWS refuses them as
// expired. It implements [aws.CredentialsProvider].
type identity struct {
	cache *aws.CredentialsCache
	clock *clock
	good  atomic.Bool // AWS took a call since they were last renewed

	mu      sync.Mutex
	renewed time.Time // when they were last renewed because AWS refused them
	skewed  time.Time // when AWS first refused a call because of our clock
}

func newIdentity(provider aws.CredentialsProvider, clock *clock) *identity {
	cache, ok := provider.(*aws.CredentialsCache)
	if !ok {
		cache = aws.NewCredentialsCache(provider)
	}
	return &identity{cache: cache, clock: clock}
}

// A credentialsError is the failure of the SDK's chain to find credentials.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "no AWS credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// Retrieve implements [aws.CredentialsProvider].
func (i *identity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := i.cache.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{err}
	}
	return c, err
}

// taken notes that AWS took a call's signature.
func (i *identity) taken() {
	if !i.good.Load() {
		i.good.Store(true)
	}
}

// renew reports whether a call may be made again that was begun at started and
// whose credentials AWS refused: with new credentials, or because it was signed
// with old ones.
func (i *identity) renew(started time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case started.Before(i.renewed):
		return true
	case !i.renewed.IsZero() && !i.good.Load():
		return false // the new ones are refused as well
	}
	i.cache.Invalidate()
	i.renewed = time.Now()
	i.good.Store(false)
	return true
}

// correct reports whether a call may be made again that was begun at started and
// that AWS refused because of our clock. From then on calls are signed by AWS's
// clock, so once is enough.
func (i *identity) correct(started time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.skewed.IsZero() {
		i.skewed = time.Now()
		i.clock.corrects.Store(true)
		return true
	}
	return started.Before(i.skewed)
}
