package policy

import "strings"

// Evaluate decides a request by the documents that are effective for a connection: the default
// versions of the policies of the certificate and of the groups of the thing. A deny that matches
// wins over any allow, and what no statement allows is denied (developer guide, "AWS IoT Core
// policies"). Use [Compile] for many requests with the same documents.
func Evaluate(documents []*Document, c Connection, r Request) Decision {
	return Compile(documents...).Evaluate(&c, r)
}

// An evaluation is one request on its way through the statements.
type evaluation struct {
	connection *Connection
	thing      *Thing
	action     string
	bit        uint64 // of a known action
}

func newEvaluation(c *Connection, r *Request) evaluation {
	e := evaluation{connection: c, thing: c.Thing(), action: r.Action}
	bit, ok := actionBits[r.Action]
	if !ok {
		e.action = strings.ToLower(r.Action)
		bit = actionBits[e.action]
	}
	e.bit = bit
	return e
}

func (e *evaluation) isConnect() bool { return strings.EqualFold(e.action, "iot:Connect") }

// Decide returns the outcome without the explanation. It does not allocate unless a condition is
// evaluated, or ARN and topic are longer than AWS allows.
func (p *Policies) Decide(c *Connection, r Request) Outcome {
	var buffer [512]byte
	resource := r.appendResource(buffer[:0], c)
	e := newEvaluation(c, &r)
	outcome := ImplicitDeny
	for i := range p.statements {
		s := &p.statements[i]
		if outcome == Allowed && s.effect == Allow || !s.isAbout(&e) || !s.holdsFor(resource, &e) {
			continue
		}
		if s.effect == Deny {
			return ExplicitDeny
		}
		outcome = Allowed
	}
	return outcome
}

// Evaluate decides a request and explains the decision. It is slower than [Policies.Decide].
func (p *Policies) Evaluate(c *Connection, r Request) Decision {
	resource := r.appendResource(make([]byte, 0, 256), c)
	e := newEvaluation(c, &r)
	d := Decision{Outcome: ImplicitDeny}
	for i := range p.statements {
		s := &p.statements[i]
		if s.isAbout(&e) {
			d.addVariables(s, &e)
		}
		if !s.isAbout(&e) || !s.holdsFor(resource, &e) {
			continue
		}
		d.Matched = append(d.Matched, Match{s.document, s.index, s.effect, s.matchingResource(resource, &e)})
		if s.effect == Deny {
			d.Outcome = ExplicitDeny
		} else if d.Outcome == ImplicitDeny {
			d.Outcome = Allowed
		}
	}
	x := explanation{evaluation: &e, resource: resource}
	d.Open = x.questions(p, d.Outcome)
	return d
}

// isAbout reports whether a statement is about the action of the request.
func (s *statement) isAbout(e *evaluation) bool {
	if e.bit != 0 {
		return (s.known&e.bit != 0) != s.notAction
	}
	return s.names(e.action) != s.notAction
}

// holdsFor reports whether resource and conditions of a statement match.
func (s *statement) holdsFor(resource []byte, e *evaluation) bool {
	return (s.matchingResource(resource, e) >= 0) != s.notResource && s.conditionsHold(e)
}

// matchingResource returns the index of the first resource that matches, or -1.
func (s *statement) matchingResource(resource []byte, e *evaluation) int {
	for i := range s.resources {
		if s.resources[i].match(resource, e) {
			return i
		}
	}
	return -1
}

func (s *statement) conditionsHold(e *evaluation) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(e) {
			return false
		}
	}
	return true
}

// appendResource appends the ARN of a request.
func (r *Request) appendResource(to []byte, c *Connection) []byte {
	switch {
	case r.Resource == "":
		to = c.Target.appendARN(to, "client/")
		return append(to, c.ClientID...)
	case strings.HasPrefix(r.Resource, "arn:") || r.Resource == "*":
		return append(to, r.Resource...)
	}
	return c.Target.appendARN(to, r.Resource)
}

// appendARN appends an ARN of AWS IoT.
func (t *Target) appendARN(to []byte, resource string) []byte {
	to = append(to, "arn:"...)
	if t.Partition == "" {
		to = append(to, "aws"...)
	}
	to = append(to, t.Partition...)
	to = append(to, ":iot:"...)
	to = append(to, t.Region...)
	to = append(to, ':')
	to = append(to, t.Account...)
	to = append(to, ':')
	return append(to, resource...)
}

// addVariables adds the variables of a statement that the decision does not have yet.
func (d *Decision) addVariables(s *statement, e *evaluation) {
	for _, v := range s.variables {
		known := false
		for _, other := range d.Variables {
			known = known || other.Name == v.name
		}
		if !known {
			value, reason := v.value(e)
			d.Variables = append(d.Variables, Variable{v.name, value, reason})
		}
	}
}

// collectVariables returns the variables of the resources and the values of a statement.
func (s *statement) collectVariables() (all []*variable) {
	for i := range s.resources {
		all = append(all, s.resources[i].variables...)
	}
	for i := range s.conditions {
		for j := range s.conditions[i].values {
			all = append(all, s.conditions[i].values[j].pattern.variables...)
		}
	}
	return all
}
