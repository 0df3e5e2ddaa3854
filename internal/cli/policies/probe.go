package policies

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/policy"
)

const (
	// maxCalls is the number of calls that asking AWS takes at most, with those of the connection.
	maxCalls = 60
	// connectionCalls find the account and its alias.
	connectionCalls = 2
	// spareCalls are for calls that AWS wants to be repeated.
	spareCalls = 5
	// askAgainAfter is how long after an answer that is otherwise AWS is asked again: what was created
	// a moment ago may not be everywhere yet.
	askAgainAfter = 3 * time.Second
)

// An answer is what AWS says about a vector.
type answer struct {
	Outcome policy.Outcome
	// Refused is AWS's reason for refusing the document or the request.
	Refused string
	// Missing are context values that AWS misses.
	Missing []string
}

// A probing asks AWS about vectors.
type probing struct {
	decisions *policyvectors.Decisions
	plan      *policyvectors.Probe
	temporary *temporary
	answers   map[int]answer // by the index of the vector
}

// planProbing plans to ask the account of a connection.
func planProbing(ctx context.Context, c *target.Connection) (*probing, error) {
	decisions, err := policyvectors.ReadDecisions()
	if err != nil {
		return nil, err
	}
	now := c.Client.AWS().Now()
	principal, err := policyvectors.NewPrincipal(now)
	if err != nil {
		return nil, err
	}
	p := &probing{decisions: decisions, answers: map[int]answer{}}
	to := targetOf(c, target.AccountFlags{}, nil)
	if p.plan, err = decisions.PlanProbe(to, principal, now, maxCalls-connectionCalls-spareCalls); err != nil {
		return nil, err
	}
	p.temporary, err = newTemporary(ctx, c, principal, connectionCalls)
	return p, err
}

// ask creates what is needed and asks. The caller must remove it all, whatever ask returns.
func (p *probing) ask(ctx context.Context) error {
	refused, err := p.temporary.createAll(p.plan.Documents)
	if err != nil {
		return err
	}
	ordinary := len(p.plan.Tests)
	if first := slices.IndexFunc(p.plan.Tests, func(t policyvectors.Test) bool { return t.Exclusive }); first >= 0 {
		ordinary = first
	}
	err = p.askTests(ctx, p.plan.Tests[:ordinary], refused)
	if err == nil && ordinary < len(p.plan.Tests) {
		if err = p.temporary.attachExclusively(); err == nil {
			err = p.askTests(ctx, p.plan.Tests[ordinary:], refused)
		}
	}
	if !errors.Is(err, errNoCalls) {
		return err
	}
	for _, t := range p.plan.Tests {
		for _, asked := range t.Asked {
			if _, answered := p.answers[asked.Vector]; !answered {
				p.plan.Obstacles[asked.Vector] = policyvectors.ObstacleCalls
			}
		}
	}
	return nil
}

// askTests asks, and asks those again whose answers are not those of the library.
func (p *probing) askTests(ctx context.Context, tests []policyvectors.Test, refused map[int]string) error {
	var again []*policyvectors.Test
	for i := range tests {
		t := &tests[i]
		if reason, ok := refused[t.Document]; ok {
			p.record(t, answer{Refused: reason})
			continue
		}
		if err := p.askTest(t); err != nil {
			return err
		}
		if slices.ContainsFunc(t.Asked, p.differs) {
			again = append(again, t)
		}
	}
	if len(again) == 0 {
		return nil
	}
	if err := backoff.Sleep(ctx, askAgainAfter); err != nil {
		return err
	}
	for _, t := range again {
		if err := p.askTest(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *probing) differs(asked policyvectors.Asked) bool {
	return p.answers[asked.Vector].Outcome != p.decisions.Vectors[asked.Vector].Outcome
}

func (p *probing) record(t *policyvectors.Test, a answer) {
	for _, asked := range t.Asked {
		p.answers[asked.Vector] = a
	}
}

func (p *probing) askTest(t *policyvectors.Test) error {
	r := p.temporary.creating
	test := iot.AuthorizationTest{
		Principal: p.temporary.arn(), ClientID: t.ClientID, Add: []string{p.temporary.principal.PolicyName(t.Document)},
	}
	for _, asked := range t.Asked {
		test.Infos = append(test.Infos, iot.AuthInfo{
			Action: iot.TestedAction(asked.Request.Action), Resource: r.target.ARN(asked.Request.Resource),
		})
	}
	var results []iot.AuthResult
	err := p.temporary.create(iot.TestAuthorization, func(ctx context.Context) (err error) {
		results, err = r.authorizations.TestAuthorization(ctx, test)
		return err
	})
	switch {
	case iot.ClassOf(err) == iot.ClassDevice:
		p.record(t, answer{Refused: messageOf(err)})
		return nil
	case err != nil:
		return err
	case len(results) != len(t.Asked):
		return errors.New("TestAuthorization: AWS did not answer each request")
	}
	for i, asked := range t.Asked {
		p.answers[asked.Vector] = answer{Outcome: outcomeOf(results[i]), Missing: results[i].Missing}
	}
	return nil
}
