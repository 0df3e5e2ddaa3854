package importer

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
)

// linkOps tell which thing has which certificate, from either side, and each
// has a quota of its own.
var linkOps = [...]quota.Op{
	quota.ListThingPrincipals, quota.ListThingPrincipalsV2,
	quota.ListPrincipalThings, quota.ListPrincipalThingsV2,
}

// A linkReader reads attachments with whichever operation has quota left.
type linkReader struct {
	principals Principals
	limiters   *quota.Limiters
	exclusive  bool // only V2 tells how a certificate is attached
	share      float64

	mu       sync.Mutex
	answered map[quota.Op]bool
	failures map[quota.Op]int
}

// deadAfter is how many transient failures without an answer make a V2
// operation one that the endpoint does not have.
const deadAfter = 3

func newLinkReader(principals Principals, limiters *quota.Limiters, exclusive bool) *linkReader {
	l := &linkReader{
		principals: principals, limiters: limiters, exclusive: exclusive,
		answered: map[quota.Op]bool{}, failures: map[quota.Op]int{},
	}
	set := limiters.Set()
	things := set.TPS(quota.ListThingPrincipals) + set.TPS(quota.ListThingPrincipalsV2)
	certificates := set.TPS(quota.ListPrincipalThings) + set.TPS(quota.ListPrincipalThingsV2)
	if l.share = things / (things + certificates); math.IsNaN(l.share) {
		l.share = 0.5
	}
	return l
}

// byThing says from which side the links of a certificate are read where one
// side has to do: in proportion to the quotas, and the same for a certificate each time.
func (l *linkReader) byThing(certificateID string) bool {
	const digits = 4
	n, err := strconv.ParseUint(certificateID[:min(digits, len(certificateID))], 16, 64)
	return err != nil || float64(n) < l.share*(1<<(4*digits))
}

// rate is the devices per second that may be read from one side each.
func (l *linkReader) rate() (float64, quota.Op) {
	sum := 0.0
	for _, op := range linkOps {
		if !l.dead(op) {
			sum += l.limiters.Limiter(op).Rate()
		}
	}
	return sum, quota.ListThingPrincipals
}

func (l *linkReader) dead(op quota.Op) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.answered[op] && l.failures[op] >= deadAfter
}

// pick returns the operation of a side whose quota is free first; another one
// after a failure.
func (l *linkReader) pick(byThing bool) func(attempt int) quota.Op {
	v1, v2 := quota.ListPrincipalThings, quota.ListPrincipalThingsV2
	if byThing {
		v1, v2 = quota.ListThingPrincipals, quota.ListThingPrincipalsV2
	}
	last := quota.Op("")
	return func(attempt int) (op quota.Op) {
		defer func() { last = op }()
		switch {
		case l.dead(v2):
			return v1
		case l.exclusive:
			return v2
		case attempt > 1 && last == v2:
			return v1
		case attempt > 1 && last == v1 || l.delay(v1) <= l.delay(v2):
			if attempt > 1 && last == v1 && l.answeredBy(v2) {
				return v2
			}
			return v1
		}
		return v2
	}
}

func (l *linkReader) answeredBy(op quota.Op) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered[op]
}

// delay estimates the wait for quota.
func (l *linkReader) delay(op quota.Op) float64 {
	stats := l.limiters.Limiter(op).Stats()
	return float64(stats.Waiting+1) / stats.Rate
}

// read returns all links of a thing, or of a certificate by its ARN, and how
// long it was not waiting for quota.
func (l *linkReader) read(c *caller, byThing bool, key string) ([]Link, time.Duration, error) {
	var all []Link
	var used quota.Op
	var busy time.Duration
	pick := l.pick(byThing)
	for token := ""; ; {
		var page []Link
		var next string
		result, err := c.doOneOf(pick, func(ctx context.Context, op quota.Op) (err error) {
			used = op
			page, next, err = l.call(ctx, op, key, token)
			l.note(op, err)
			return err
		})
		if busy += result.busy; err != nil {
			return nil, busy, err
		}
		all = append(all, page...)
		if token = next; token == "" {
			return all, busy, nil
		}
		op := used // a token belongs to the operation that gave it
		pick = func(int) quota.Op { return op }
	}
}

func (l *linkReader) call(ctx context.Context, op quota.Op, key, token string) ([]Link, string, error) {
	switch op {
	case quota.ListThingPrincipals:
		return l.principals.ListThingPrincipals(ctx, key, token)
	case quota.ListThingPrincipalsV2:
		return l.principals.ListThingPrincipalsV2(ctx, key, token)
	case quota.ListPrincipalThings:
		return l.principals.ListPrincipalThings(ctx, key, token)
	default:
		return l.principals.ListPrincipalThingsV2(ctx, key, token)
	}
}

func (l *linkReader) note(op quota.Op, err error) {
	class := classOf(err)
	if class == Throttled {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if class == Transient {
		l.failures[op]++
		return
	}
	l.answered[op] = true
}
