package device

import (
	"context"
	"math"
	"strconv"
	"sync"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// linkOps are the operations that read which thing has which certificate. Each
// has a quota of its own.
var linkOps = [...]iot.Operation{
	iot.ListThingPrincipals, iot.ListThingPrincipalsV2,
	iot.ListPrincipalThings, iot.ListPrincipalThingsV2,
}

// Links reads which thing has which certificate, with whichever operation has
// quota left. It is safe for concurrent use.
type Links struct {
	principals iot.Principals
	limiters   *quota.Limiters
	exclusive  bool // only V2 returns how a certificate is attached
	kinds      bool // the side of the thing is read with V2 as long as that answers
	share      float64

	mu       sync.Mutex
	answered map[iot.Operation]bool
	failures map[iot.Operation]int
}

// deadAfter is the number of transient failures without any answer after which
// Links assumes that the endpoint does not have a V2 operation.
const deadAfter = 3

// NewLinks returns Links that read from principals. If attachments are exclusive
// they use only the V2 operations, because the others do not return the kind.
func NewLinks(principals iot.Principals, limiters *quota.Limiters, exclusive bool) *Links {
	l := &Links{
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

// ReadKinds makes the Links of things tell how a certificate is attached, if the endpoint has the V2 operation. It
// must be called before they are used.
func (l *Links) ReadKinds() { l.kinds = true }

// ByThing reports from which side to read the links of a certificate if only one
// side is read: in proportion to the quotas, and always the same side for one
// certificate.
func (l *Links) ByThing(certificateID string) bool {
	const digits = 4
	n, err := strconv.ParseUint(certificateID[:min(digits, len(certificateID))], 16, 64)
	return err != nil || float64(n) < l.share*(1<<(4*digits))
}

// LinkTPS returns how many links per second can be read within the quotas of the
// four operations.
func LinkTPS(set quota.Set) (sum float64) {
	for _, op := range linkOps {
		sum += set.TPS(op)
	}
	return sum
}

// Share returns the share of devices whose links are read from the side of the thing.
func (l *Links) Share() float64 { return l.share }

// Rate returns how many devices per second can be read from one side each, and
// the binding operation.
func (l *Links) Rate() (float64, iot.Operation) {
	sum := 0.0
	for _, op := range linkOps {
		if !l.dead(op) {
			sum += l.limiters.Limiter(op).Rate()
		}
	}
	return sum, iot.ListThingPrincipals
}

func (l *Links) dead(op iot.Operation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.answered[op] && l.failures[op] >= deadAfter
}

// A side is what links are listed of: a thing or a certificate.
type side struct {
	v1, v2 iot.Operation
	key    string // the parameter that names the thing or the certificate
}

var (
	ofThing       = side{iot.ListThingPrincipals, iot.ListThingPrincipalsV2, "thingName"}
	ofCertificate = side{iot.ListPrincipalThings, iot.ListPrincipalThingsV2, "principal"}
)

// pick returns a function that chooses the operation of a side whose quota is
// free first, and the other one after a failure.
func (l *Links) pick(of side) func(attempt int) iot.Operation {
	v1, v2 := of.v1, of.v2
	last := iot.Operation("")
	return func(attempt int) (op iot.Operation) {
		defer func() { last = op }()
		switch {
		case l.exclusive:
			return v2
		case l.dead(v2):
			return v1
		case l.kinds && of == ofThing && attempt == 1:
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

func (l *Links) answeredBy(op iot.Operation) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered[op]
}

// delay estimates the wait for quota.
func (l *Links) delay(op iot.Operation) float64 {
	stats := l.limiters.Limiter(op).Stats()
	return float64(stats.Waiting+1) / stats.Rate
}

// step returns the step that reads all links of a thing, or of a certificate by
// its ARN. Something that does not exist has none.
func (l *Links) step(of side, key string, links *[]iot.Link) Step {
	op := of.v1
	if l.exclusive {
		op = of.v2
	}
	return Step{Operation: op, Parameters: map[string]any{of.key: key}, Do: func(c *call.Caller) (call.Result, error) {
		all, result, err := l.read(c, of, key)
		if iot.ClassOf(err) == iot.ClassNotFound {
			all, err = nil, nil
		}
		*links = all
		return result, err
	}}
}

func (l *Links) read(c *call.Caller, of side, key string) (all []iot.Link, total call.Result, err error) {
	var used iot.Operation
	pick := l.pick(of)
	for token := ""; ; {
		var page []iot.Link
		var next string
		result, err := c.DoOneOf(pick, func(ctx context.Context, op iot.Operation) (err error) {
			used = op
			page, next, err = l.call(ctx, op, key, token)
			l.note(op, err)
			return err
		})
		if total.Add(result); err != nil {
			return nil, total, err
		}
		all = append(all, page...)
		if token = next; token == "" {
			return all, total, nil
		}
		op := used // a token is valid only for the operation that returned it
		pick = func(int) iot.Operation { return op }
	}
}

func (l *Links) call(ctx context.Context, op iot.Operation, key, token string) ([]iot.Link, string, error) {
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

func (l *Links) note(op iot.Operation, err error) {
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
