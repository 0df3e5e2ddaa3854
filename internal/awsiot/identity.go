package awsiot

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// An identity provides credentials, and renews them once if AWS refuses them as expired. It
// implements [aws.CredentialsProvider].
type identity struct {
	cache *aws.CredentialsCache
	clock *clock
	good  atomic.Bool // AWS accepted a call since they were last renewed

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

// A credentialsError is returned if the SDK's chain finds no credentials.
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

// taken must be called after AWS accepted the signature of a call.
func (i *identity) taken() {
	if !i.good.Load() {
		i.good.Store(true)
	}
}

// renew reports whether a call that began at started, and whose credentials AWS refused, may be
// repeated: with new credentials, or because it was signed with old ones.
func (i *identity) renew(started time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case started.Before(i.renewed):
		return true
	case !i.renewed.IsZero() && !i.good.Load():
		return false // AWS refuses the new ones, too
	}
	i.cache.Invalidate()
	i.renewed = time.Now()
	i.good.Store(false)
	return true
}

// correct reports whether a call that began at started, and that AWS refused because of our
// clock, may be repeated. Later calls are signed with AWS's time, so one correction suffices.
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
