package engine

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
)

// linkOps tell which thing has which certificate, from either side, and each
// has a quota of its own.
var linkOps = [...]iot.Operation{
	iot.ListThingPrincipals, iot.ListThingPrincipalsV2,
	iot.ListPrincipalThings, iot.ListPrincipalThingsV2,
}

// A linkReader reads attachments with whichever operation has quota left.
type linkReader struct {
	principals iot.Principals
	limiters   *quota.Limiters
	exclusive  bool // only V2 tells how a certificate is attached
	share      float64

	mu       sync.Mutex
	answered map[iot.Operation]bool
	failures map[iot.Operation]int
}

// deadAfter is how many transient failures without an answer make a V2
// operation one that the endpoint does not have.
const deadAfter = 3

func newLinkReader(principals iot.Principals, limiters *quota.Limiters, exclusive bool) *linkReader {
	l := &linkReader{
		principals: principals, limiters: limiters, exclusive: exclusive,
		answered: map[iot.Operation]bool{}, failures: map[iot.Operation]int{},
	}
	set := limiters.Set()
	things := set.TPS(iot.ListThingPrincipals) + set.TPS(iot.ListThingPrincipalsV2)
	certificates := set.TPS(iot.ListPrincipalThings) + set.TPS(iot.ListPrincipalThingsV2)
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
func (l *linkReader) rate() (float64, iot.Operation) {
	sum := 0.0
	for _, op := range linkOps {
		if !l.dead(op) {
			sum += l.limiters.Limiter(op).Rate()
		}
	}
	return sum, iot.ListThingPrincipals
}

func (l *linkReader) dead(op iot.Operation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.answered[op] && l.failures[op] >= deadAfter
}

// pick returns the operation of a side whose quota is free first; another one
// after a failure.
func (l *linkReader) pick(byThing bool) func(attempt int) iot.Operation {
	v1, v2 := iot.ListPrincipalThings, iot.ListPrincipalThingsV2
	if byThing {
		v1, v2 = iot.ListThingPrincipals, iot.ListThingPrincipalsV2
	}
	last := iot.Operation("")
	return func(attempt int) (op iot.Operation) {
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

func (l *linkReader) answeredBy(op iot.Operation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered[op]
}

// delay estimates the wait for quota.
func (l *linkReader) delay(op iot.Operation) float64 {
	stats := l.limiters.Limiter(op).Stats()
	return float64(stats.Waiting+1) / stats.Rate
}

// read returns all links of a thing, or of a certificate by its ARN, and how
// long it was not waiting for quota.
func (l *linkReader) read(c *caller, byThing bool, key string) ([]iot.Link, time.Duration, error) {
	var all []iot.Link
	var used iot.Operation
	var busy time.Duration
	pick := l.pick(byThing)
	for token := ""; ; {
		var page []iot.Link
		var next string
		result, err := c.doOneOf(pick, func(ctx context.Context, op iot.Operation) (err error) {
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
		pick = func(int) iot.Operation { return op }
	}
}

func (l *linkReader) call(ctx context.Context, op iot.Operation, key, token string) ([]iot.Link, string, error) {
	switch op {
	case iot.ListThingPrincipals:
		return l.principals.ListThingPrincipals(ctx, key, token)
	case iot.ListThingPrincipalsV2:
		return l.principals.ListThingPrincipalsV2(ctx, key, token)
	case iot.ListPrincipalThings:
		return l.principals.ListPrincipalThings(ctx, key, token)
	default:
		return l.principals.ListPrincipalThingsV2(ctx, key, token)
	}
}

func (l *linkReader) note(op iot.Operation, err error) {
	class := iot.ClassOf(err)
	if class == iot.ClassThrottled {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if class == iot.ClassTransient {
		l.failures[op]++
		return
	}
	l.answered[op] = true
}
