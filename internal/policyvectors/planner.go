package policyvectors

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/policy"
)

// A planner puts documents into policies.
type planner struct {
	decisions   *Decisions
	target      policy.Target
	principal   *Principal
	certificate *policy.Certificate
	now         time.Time
	packs       []*pack
	probe       *Probe
}

// A unit are the vectors with the same documents.
type unit struct {
	asked      []unitRequest
	statements []json.RawMessage
	version    string // empty for none
	// alone is true if the statements could match requests about other documents. Clients is true
	// if one is about a client ID, which has no level in front.
	alone, clients bool
	open           bool
}

// A unitRequest is a request in its unit, as AWS is asked.
type unitRequest struct {
	Asked
	connection policy.Connection
}

// A pack are units that share a policy.
type pack struct {
	units []*unit
	text  string
}

// units returns the documents that AWS can be asked about, those with open questions first.
func (p *planner) units() ([]*unit, error) {
	byNames := map[string]*unit{}
	var units []*unit
	for i := range p.decisions.Vectors {
		v := &p.decisions.Vectors[i]
		if obstacle := v.obstacle(); obstacle != "" {
			p.probe.Obstacles[i] = obstacle
			continue
		}
		key := strings.Join(v.Policies, "\n")
		u := byNames[key]
		if u == nil {
			u = &unit{}
			if err := p.adaptDocuments(u, v.Policies, "v"+strconv.Itoa(len(units))); err != nil {
				return nil, err
			}
			byNames[key] = u
			units = append(units, u)
		}
		asked := p.adaptRequest(v, "v"+strconv.Itoa(slices.Index(units, u)))
		asked.Vector = i
		alone := &pack{units: []*unit{{asked: []unitRequest{asked}, statements: u.statements, version: u.version}}}
		if !p.answersAlike(alone) {
			p.probe.Obstacles[i] = ObstacleRegistry
			continue
		}
		u.asked, u.open = append(u.asked, asked), u.open || len(v.Open) > 0
	}
	units = slices.DeleteFunc(units, func(u *unit) bool { return len(u.asked) == 0 })
	slices.SortStableFunc(units, func(a, b *unit) int { return b.weight() - a.weight() })
	return units, nil
}

// weight sorts units: open questions, then policies that many vectors share.
func (u *unit) weight() int {
	weight := min(len(u.asked), 100)
	if u.open {
		weight += 1000
	}
	if !u.alone {
		weight += 100
	}
	return weight
}

// obstacle returns why TestAuthorization cannot be asked about a vector at all.
func (v *Decision) obstacle() Obstacle {
	c := &v.Connection
	switch {
	case iot.TestedAction(v.Request.Action) == "":
		return ObstacleAction
	case c.Will != "" || c.Persistent || c.SourceIP.IsValid() || c.DomainName != "" || c.Transport == policy.HTTP || c.ClientID == "":
		return ObstacleContext
	case len(c.Things) > 1 || c.OtherThing:
		return ObstacleRegistry
	}
	return ""
}

// place puts a unit into a policy. It reports false if there is no policy that AWS could take.
func (p *planner) place(u *unit) bool {
	for _, existing := range p.packs {
		if u.alone || existing.units[0].alone || existing.units[0].version != u.version ||
			u.clients && slices.ContainsFunc(existing.units, func(o *unit) bool { return o.clients }) {
			continue
		}
		before := *existing
		existing.units = append(slices.Clone(existing.units), u)
		if p.answersAlike(existing) {
			return true
		}
		*existing = before
	}
	added := &pack{units: []*unit{u}}
	p.packs = append(p.packs, added)
	return p.answersAlike(added)
}

// answersAlike writes the document of a pack and reports whether AWS takes one of its size and the
// library answers each request as it answers the vector.
func (p *planner) answersAlike(b *pack) bool {
	document := struct {
		Version   string `json:",omitempty"`
		Statement []json.RawMessage
	}{Version: b.units[0].version}
	for _, u := range b.units {
		document.Statement = append(document.Statement, u.statements...)
	}
	b.text = encode(document)
	parsed, err := policy.Parse(b.text)
	if err != nil {
		return false
	}
	policies := policy.Compile(parsed)
	for _, u := range b.units {
		for _, asked := range u.asked {
			v := &p.decisions.Vectors[asked.Vector]
			if got := policies.Evaluate(&asked.connection, asked.Request); got.Outcome != v.Outcome || !slices.Equal(got.Open, v.Open) {
				return false
			}
		}
	}
	return true
}

// tests returns a test for up to ten requests with one policy and one client ID, those with open
// questions first.
func (p *planner) tests() (tests []*Test) {
	for i, b := range p.packs {
		var all []unitRequest
		for _, u := range b.units {
			all = append(all, u.asked...)
		}
		slices.SortStableFunc(all, func(a, b unitRequest) int { return p.open(b.Asked) - p.open(a.Asked) })
		first := len(tests)
		for _, asked := range all {
			exclusive := len(asked.connection.Things) > 0 && asked.connection.Things[0].Exclusive
			same := slices.IndexFunc(tests[first:], func(t *Test) bool {
				return t.ClientID == asked.connection.ClientID && t.Exclusive == exclusive && len(t.Asked) < iot.MaxAuthInfos
			})
			if same < 0 {
				same = len(tests) - first
				tests = append(tests, &Test{Document: i, ClientID: asked.connection.ClientID, Exclusive: exclusive})
			}
			tests[first+same].Asked = append(tests[first+same].Asked, asked.Asked)
		}
	}
	return tests
}

func (p *planner) open(asked Asked) int { return min(len(p.decisions.Vectors[asked.Vector].Open), 1) }

// choose takes the tests for which there are calls: first those with open questions, then those that
// ask most for their calls.
func (p *planner) choose(most int) {
	tests := p.tests()
	value := func(t *Test) int {
		worth := 0
		for _, asked := range t.Asked {
			worth += 1 + 1000*p.open(asked)
		}
		if !slices.ContainsFunc(p.probe.Tests, func(o Test) bool { return o.Document == t.Document }) {
			worth /= 3 // creating and deleting the policy are calls too
		}
		return worth
	}
	for len(tests) > 0 {
		best := slices.MaxFunc(tests, func(a, b *Test) int { return value(a) - value(b) })
		tests = slices.DeleteFunc(tests, func(t *Test) bool { return t == best })
		if p.probe.Tests = append(p.probe.Tests, *best); p.probe.Calls() <= most {
			continue
		}
		p.probe.Tests = p.probe.Tests[:len(p.probe.Tests)-1]
		for _, asked := range best.Asked {
			p.probe.Obstacles[asked.Vector] = ObstacleCalls
		}
	}
	p.number()
}

// number leaves out the policies that no test needs, and puts the tests in order.
func (p *planner) number() {
	numbers := map[int]int{}
	for i := range p.probe.Tests {
		t := &p.probe.Tests[i]
		number, ok := numbers[t.Document]
		if !ok {
			number = len(numbers)
			numbers[t.Document] = number
			p.probe.Documents = append(p.probe.Documents, p.packs[t.Document].text)
		}
		t.Document = number
	}
	slices.SortStableFunc(p.probe.Tests, func(a, b Test) int {
		if a.Exclusive == b.Exclusive {
			return a.Document - b.Document
		}
		if a.Exclusive {
			return 1
		}
		return -1
	})
}
