package policy

import (
	"slices"
	"strings"
)

// versions are the versions of the policy language.
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// Parse reads a policy document. It returns a [*ParseError] if AWS refuses the document, and
// otherwise the document with its warnings.
func Parse(text string) (*Document, error) {
	r := reader{text: text}
	root, problem := r.document()
	p := parser{text: text, document: Document{Size: size(text)}}
	if problem == nil && p.document.Size > MaxSize {
		problem = &Problem{Code: TooLong, Position: Position{1, 1}, Size: p.document.Size}
	}
	if problem == nil { // every position takes time that grows with the document
		problem = p.root(root)
	}
	if problem != nil {
		return nil, &ParseError{*problem}
	}
	slices.SortStableFunc(p.document.Warnings, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &p.document, nil
}

// size returns the number of characters that count.
func size(text string) (n int) {
	for _, r := range text {
		if !strings.ContainsRune(" \t\r\n", r) {
			n++
		}
	}
	return n
}

type parser struct {
	text     string
	document Document
}

func (p *parser) position(at int) Position { return positionOf(p.text, at) }

func (p *parser) refuse(code Code, at int, text string) *Problem {
	return &Problem{Code: code, Position: p.position(at), Text: text}
}

func (p *parser) warn(code Code, at int, text string) {
	p.document.Warnings = append(p.document.Warnings, *p.refuse(code, at, text))
}

// elements returns the elements of an object by name. The last of several counts, as in AWS's
// JSON.
func (p *parser) elements(n node, of string, known ...string) (map[string]node, *Problem) {
	if n.kind != objectNode {
		return nil, p.refuse(WrongType, n.at, of)
	}
	found := map[string]node{}
	for _, m := range n.members {
		if !slices.Contains(known, m.name) {
			code := UnknownElement
			if m.name == "Principal" || m.name == "NotPrincipal" {
				code = Principal
			}
			p.warn(code, m.at, m.name)
			continue
		}
		if _, twice := found[m.name]; twice {
			p.warn(RepeatedElement, m.at, m.name)
		}
		found[m.name] = m.value
	}
	return found, nil
}

// string returns the string of an element, or "" if the element is not there.
func (p *parser) string(elements map[string]node, name string) (string, *Problem) {
	n, ok := elements[name]
	if ok && n.kind != stringNode {
		return "", p.refuse(WrongType, n.at, name)
	}
	return n.text, nil
}

func (p *parser) root(n node) *Problem {
	elements, problem := p.elements(n, "", "Version", "Id", "Statement")
	if problem != nil {
		return problem
	}
	d := &p.document
	if d.Version, problem = p.string(elements, "Version"); problem != nil {
		return problem
	}
	at := n.at
	if version, ok := elements["Version"]; ok {
		at = version.at
		if d.Version != version2012 && d.Version != version2008 {
			return p.refuse(BadVersion, at, d.Version)
		}
	}
	if d.Version != version2012 {
		p.warn(OldVersion, at, d.Version)
	}
	if d.ID, problem = p.string(elements, "Id"); problem != nil {
		return problem
	}
	statement, ok := elements["Statement"]
	if !ok {
		return p.refuse(NoStatement, n.at, "")
	}
	all := []node{statement}
	if statement.kind == arrayNode {
		all = statement.elements
	}
	for _, one := range all {
		s, problem := p.statement(one)
		if problem != nil {
			return problem
		}
		d.Statements = append(d.Statements, s)
	}
	if len(d.Statements) == 0 {
		return p.refuse(NoStatement, statement.at, "")
	}
	return nil
}

func (p *parser) statement(n node) (s Statement, problem *Problem) {
	elements, problem := p.elements(n, "Statement", "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if problem != nil {
		return s, problem
	}
	s.Position = p.position(n.at)
	if s.SID, problem = p.string(elements, "Sid"); problem != nil {
		return s, problem
	}
	effect, problem := p.string(elements, "Effect")
	if problem != nil {
		return s, problem
	}
	s.Effect = Effect(effect)
	if found, ok := elements["Effect"]; !ok {
		return s, p.refuse(NoEffect, n.at, "")
	} else if s.Effect != Allow && s.Effect != Deny {
		return s, p.refuse(BadEffect, found.at, effect)
	}
	if problem := p.actions(&s, n, elements); problem != nil {
		return s, problem
	}
	if problem := p.resources(&s, n, elements); problem != nil {
		return s, problem
	}
	if condition, ok := elements["Condition"]; ok {
		s.Conditions, problem = p.conditions(condition)
	}
	return s, problem
}

// either returns the strings of the element that is there, of an element and its negation.
func (p *parser) either(of node, elements map[string]node, name string, none, both Code) (values []node, not bool, _ *Problem) {
	n, positive := elements[name]
	negated, not := elements["Not"+name]
	switch {
	case positive && not:
		return nil, not, p.refuse(both, negated.at, "")
	case not:
		n = negated
	case !positive:
		return nil, not, p.refuse(none, of.at, "")
	}
	values, problem := p.strings(n, name)
	if problem == nil && len(values) == 0 {
		problem = p.refuse(none, n.at, "")
	}
	return values, not, problem
}

// strings returns a string or the strings of a list.
func (p *parser) strings(n node, name string) ([]node, *Problem) {
	values := []node{n}
	if n.kind == arrayNode {
		values = n.elements
	}
	for _, value := range values {
		if value.kind != stringNode {
			return nil, p.refuse(WrongType, value.at, name)
		}
	}
	return values, nil
}

func (p *parser) actions(s *Statement, n node, elements map[string]node) *Problem {
	values, not, problem := p.either(n, elements, "Action", NoAction, TwoActions)
	if s.NotAction = not; not && problem == nil {
		p.warn(NotAction, elements["NotAction"].at, "")
	}
	for _, value := range values {
		action := Action{p.position(value.at), value.text}
		if !action.Known() {
			p.warn(UnknownAction, value.at, value.text)
		}
		s.Actions = append(s.Actions, action)
	}
	return problem
}

func (p *parser) resources(s *Statement, n node, elements map[string]node) *Problem {
	values, not, problem := p.either(n, elements, "Resource", NoResource, TwoResources)
	s.NotResource = not
	for _, value := range values {
		if !isResource(value.text) {
			return p.refuse(BadResource, value.at, value.text)
		}
		s.Resources = append(s.Resources, Resource{p.position(value.at), value.text})
	}
	return problem
}

// isResource reports whether AWS accepts a resource. A wildcard at the end of an ARN stands for
// the parts that follow, too.
func isResource(text string) bool {
	const parts = 6 // arn:partition:service:region:account:resource
	return text == "*" || strings.HasPrefix(text, "arn:") && (strings.Count(text, ":") >= parts-1 || strings.HasSuffix(text, "*"))
}

func (p *parser) conditions(n node) (all []Condition, _ *Problem) {
	if n.kind != objectNode {
		return nil, p.refuse(WrongType, n.at, "Condition")
	}
	for _, operator := range n.members {
		if operator.value.kind != objectNode {
			return nil, p.refuse(WrongType, operator.value.at, operator.name)
		}
		c := Condition{Position: p.position(operator.at), Operator: operator.name}
		if set, rest, ok := strings.Cut(operator.name, ":"); ok && (set == string(ForAllValues) || set == string(ForAnyValue)) {
			c.Set, c.Operator = Quantifier(set), rest
		}
		c.Operator, c.IfExists = strings.CutSuffix(c.Operator, "IfExists")
		if !slices.Contains(operators, c.Operator) {
			p.warn(UnknownOperator, operator.at, operator.name)
		}
		for _, key := range operator.value.members {
			one := c
			one.Position, one.Key = p.position(key.at), key.name
			values := []node{key.value}
			if key.value.kind == arrayNode {
				values = key.value.elements
			}
			for _, value := range values {
				if value.kind != stringNode && value.kind != numberNode && value.kind != boolNode {
					return nil, p.refuse(WrongType, value.at, key.name)
				}
				one.Values = append(one.Values, value.text)
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// operators are the condition operators of IAM ("IAM JSON policy elements: Condition operators").
var operators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}
