package policy

import (
	"math/bits"
	"slices"
	"strings"
)

// An explanation finds the questions on which a decision depends.
type explanation struct {
	evaluation *evaluation
	resource   []byte
	asked      []Question // of the statement at hand
}

func (x *explanation) ask(q Question) { x.asked = append(x.asked, q) }

// questions returns the questions on which an outcome depends. Those of a statement do not matter
// if another one leads to the same outcome without any.
func (x *explanation) questions(p *Policies, outcome Outcome) (open []Question) {
	ofAllow, ofDeny := []Question{}, []Question{}
	settled := false
	twin, isJob := jobTwin(x.evaluation)
	for i := range p.statements {
		s := &p.statements[i]
		x.asked = nil
		switch {
		case !s.isAbout(x.evaluation):
			if isJob {
				x.askJobPrefix(s, &twin)
			}
		case s.holdsFor(x.resource, x.evaluation):
			x.askMatched(s)
			settled = settled || len(x.asked) == 0 && (s.effect == Deny) == (outcome == ExplicitDeny)
		default:
			x.askUnmatched(s)
		}
		if s.effect == Allow {
			ofAllow = append(ofAllow, x.asked...)
		} else {
			ofDeny = append(ofDeny, x.asked...)
		}
	}
	switch {
	case settled && outcome == ExplicitDeny:
		return nil
	case settled || outcome == ExplicitDeny:
		open = ofDeny
	default:
		open = slices.Concat(ofAllow, ofDeny)
	}
	c := x.evaluation.connection
	if outcome == Allowed && x.evaluation.isConnect() && (c.Will != "" || c.Persistent) && !x.allowsFeatures(p) {
		open = append(open, QuestionConnectFeatures)
	}
	slices.Sort(open)
	return slices.Compact(open)
}

// askMatched asks what could keep a statement from matching that matches.
func (x *explanation) askMatched(s *statement) {
	for _, q := range s.questions {
		x.ask(q)
	}
	if !s.notAction {
		x.askAction(s)
	}
	if s.notResource {
		for i := range s.resources {
			x.askLoosened(&s.resources[i], QuestionUnresolvedNot)
		}
	}
	x.askConditions(s)
	for _, v := range s.variables {
		if v.kind == serialVariable {
			x.ask(QuestionSerialNumber)
		}
		x.askThing(v)
	}
}

// askAction asks about actions that match only by a rule of IAM.
func (x *explanation) askAction(s *statement) {
	found, wild := false, false
	action := x.evaluation.action
	if bit := x.evaluation.bit; bit != 0 {
		action = actions[bits.TrailingZeros64(bit)] // a request in lower case asks for the same
	}
	for _, one := range s.from.Actions {
		if one.Text == "*" || one.Text == action {
			return
		}
		isWild := strings.ContainsAny(one.Text, "*?")
		if matchWildcards(one.Text, action) {
			found, wild = true, wild || isWild
		}
	}
	if found && wild {
		x.ask(QuestionActionWildcard)
	} else {
		x.ask(QuestionActionCase)
	}
}

// askUnmatched asks what could let a statement match that does not match.
func (x *explanation) askUnmatched(s *statement) {
	if slices.Contains(s.questions, QuestionOldVersion) {
		x.ask(QuestionOldVersion)
	}
	resources := (s.matchingResource(x.resource, x.evaluation) >= 0) != s.notResource
	if !s.conditionsHold(x.evaluation) {
		if resources {
			x.askConditions(s)
			x.askThingKeys(s)
		}
		return
	}
	for i := range s.resources {
		if s.notResource {
			continue
		}
		if s.effect == Deny {
			x.askLoosened(&s.resources[i], QuestionUnresolvedDeny)
		}
		x.askLoosened(&s.resources[i], QuestionClientIDWildcard)
		for _, v := range s.resources[i].variables {
			if v.kind == serialVariable {
				x.ask(QuestionSerialNumber)
			}
		}
	}
}

// askLoosened asks a question if a resource that does not match would match with another answer.
func (x *explanation) askLoosened(p *pattern, q Question) {
	if !x.canLoosen(p, q) || p.match(x.resource, x.evaluation) {
		return
	}
	loose := p.loosen(x.evaluation, q != QuestionClientIDWildcard, q == QuestionClientIDWildcard)
	if loose.match(x.resource, x.evaluation) {
		x.ask(q)
	}
}

// canLoosen reports whether a pattern has another meaning with another answer to a question.
func (x *explanation) canLoosen(p *pattern, q Question) bool {
	if q == QuestionClientIDWildcard {
		return len(p.variables) > 0 && strings.ContainsAny(x.evaluation.connection.ClientID, "*?")
	}
	for _, v := range p.variables {
		if _, reason := v.value(x.evaluation); reason != "" {
			return true
		}
	}
	return false
}

// askConditions asks about conditions that AWS does not document.
func (x *explanation) askConditions(s *statement) {
	for i := range s.conditions {
		c := &s.conditions[i]
		values := c.key.keyValues(x.evaluation, nil)
		switch c.key.kind {
		case unknownVariable, currentTimeKey, epochTimeKey, secureTransportKey, clientModeKey:
			x.ask(QuestionKey)
		case serialVariable:
			x.ask(QuestionSerialNumber)
		case nameVariable:
			if slices.ContainsFunc(values, func(value string) bool { return strings.ContainsAny(value, specialCharacters) }) {
				x.ask(QuestionSpecialKey)
			}
		}
		if !slices.Contains(operators, c.operator) {
			x.ask(QuestionKey)
		}
		if c.set == "" && len(values) > 1 && c.operator != "Null" {
			x.ask(QuestionPlainOperator)
		}
		if s.effect == Deny && !c.holds(x.evaluation) && c.unresolved(x.evaluation) {
			x.ask(QuestionUnresolvedDeny)
		}
	}
	x.askThingKeys(s)
}

// unresolved reports whether a value of a condition has a variable that is not substituted.
func (c *condition) unresolved(e *evaluation) bool {
	for i := range c.values {
		for _, v := range c.values[i].pattern.variables {
			if _, reason := v.value(e); reason != "" {
				return true
			}
		}
	}
	return false
}

func (x *explanation) askThingKeys(s *statement) {
	for i := range s.conditions {
		x.askThing(s.conditions[i].key)
	}
}

// askThing asks about IsAttached for a client ID that is not the name of the exclusive thing.
func (x *explanation) askThing(v *variable) {
	thing := x.evaluation.thing
	if v.kind == attachedVariable && thing != nil && thing.Exclusive && thing.Name != x.evaluation.connection.ClientID &&
		x.evaluation.connection.OtherThing {
		x.ask(QuestionOtherThing)
	}
}

// jobTwin returns the action of jobs with the other prefix. It reports false for any other action.
func jobTwin(e *evaluation) (twin evaluation, ok bool) {
	prefix, name, _ := strings.Cut(e.action, ":")
	other := "iotjobsdata:" + name
	if strings.EqualFold(prefix, "iotjobsdata") {
		other = "iot:" + name
	}
	other = strings.ToLower(other)
	bit, ok := actionBits[other]
	return evaluation{action: other, bit: bit}, ok
}

// askJobPrefix asks about an action of jobs that has another prefix in the statement.
func (x *explanation) askJobPrefix(s *statement, twin *evaluation) {
	if !s.notAction && s.isAbout(twin) && s.holdsFor(x.resource, x.evaluation) {
		x.ask(QuestionJobPrefix)
	}
}

// allowsFeatures reports whether a matching statement allows will or persistent session by a
// condition.
func (x *explanation) allowsFeatures(p *Policies) bool {
	for i := range p.statements {
		s := &p.statements[i]
		if s.effect != Allow || !s.isAbout(x.evaluation) || !s.holdsFor(x.resource, x.evaluation) {
			continue
		}
		for _, c := range s.conditions {
			if c.key.kind == connectAttributesKey || c.key.kind == willTopicKey {
				return true
			}
		}
	}
	return false
}
