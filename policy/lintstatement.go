package policy

import (
	"slices"
	"strings"
)

// stranger is the name of a thing that no document means, and begins with neighbour, the name of a device's own
// thing.
const stranger, neighbour = neighbour + "3", "Zq7X0kW"

// resourceTypes are the types of resources by action. Actions that are not here have the type
// thing, or none.
var resourceTypes = map[string]string{
	"iot:Connect": "client", "iot:Publish": "topic", "iot:RetainPublish": "topic", "iot:Receive": "topic",
	"iot:Subscribe": "topicfilter", "iot:GetRetainedMessage": "topic", "iot:AssumeRoleWithCertificate": "rolealias",
}

// thingActions are the actions of shadows and jobs over HTTP.
var thingActions = []string{
	"iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow",
	"iotjobsdata:DescribeJobExecution", "iotjobsdata:GetPendingJobExecutions",
	"iotjobsdata:StartNextPendingJobExecution", "iotjobsdata:UpdateJobExecution",
	"iot:DescribeJobExecution", "iot:GetPendingJobExecutions", "iot:StartNextPendingJobExecution", "iot:UpdateJobExecution",
}

// httpActions are the actions that a client performs over HTTP only.
var httpActions = append([]string{"iot:ListNamedShadowsForThing", "iot:GetRetainedMessage", "iot:ListRetainedMessages"}, thingActions...)

// applies reports whether a statement is about an action.
func (s *statement) applies(action string) bool {
	return (s.known&actionBits[action] != 0) != s.notAction
}

// matchesProbe reports whether the resources of a statement match what follows the account in an
// ARN, for a client. It returns the resource that does.
func (s *statement) matchesProbe(resource string, c *Connection) (Position, string, bool) {
	for i := range s.resources {
		// The probe has the region and account of the resource, so that these do not matter.
		arn := "*"
		if parts := splitARN(s.from.Resources[i].Text); len(parts) > 1 {
			for len(parts) < 6 {
				parts = append(parts, "x")
			}
			parts[5] = resource
			arn = strings.Join(parts, ":")
		}
		e := evaluation{connection: c, thing: c.Thing()}
		if s.resources[i].matches(arn, &e) {
			return s.from.Resources[i].Position, s.from.Resources[i].Text, !s.notResource
		}
	}
	return s.from.Resources[0].Position, s.from.Resources[0].Text, s.notResource
}

// requiresAttached reports whether a condition requires the connection to belong to a thing.
func (s *statement) requiresAttached() bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		return c.key.kind == attachedVariable && !c.negated && !c.ifExists && c.set != ForAllValues && len(c.values) > 0 &&
			!slices.ContainsFunc(c.values, func(v comparand) bool {
				text, ok := v.pattern.expand(&evaluation{connection: &Connection{}})
				return !ok || !strings.EqualFold(text, "true")
			})
	})
}

func (l *Linter) lintStatement(s *statement) {
	l.lintActions(s)
	l.lintTypes(s)
	l.lintResources(s)
	l.lintVariables(s)
	if s.effect == Deny {
		l.lintDeny(s)
		return
	}
	l.lintBroad(s)
	l.lintMissing(s)
	if !s.notResource {
		l.lintTopics(s)
	}
}

func (l *Linter) lintActions(s *statement) {
	for _, action := range s.from.Actions {
		if !action.Known() {
			l.add(s, RuleUnknownAction, action.Position, action.Text)
		}
		if l.context.Transport == MQTT && s.effect == Allow && !s.notAction && slices.ContainsFunc(httpActions, func(known string) bool {
			return strings.EqualFold(known, action.Text)
		}) {
			l.add(s, RuleHTTPOnly, action.Position, action.Text)
		}
	}
}

// lintTypes finds actions without a resource of their type, and resources without an action.
func (l *Linter) lintTypes(s *statement) {
	if s.notAction || s.notResource {
		return
	}
	types := []string{"client", "topic", "topicfilter", "thing", "rolealias"}
	used := map[string]bool{}
	for _, resource := range s.from.Resources {
		after, ok := resourcePart(resource.Text)
		kind, _, slash := strings.Cut(after, "/")
		if !ok || !slash || !slices.Contains(types, kind) {
			return // it may be of several types, or of one that is not known
		}
		used[kind] = true
	}
	for _, action := range s.from.Actions {
		for known, kind := range resourceTypes {
			if strings.EqualFold(known, action.Text) && !used[kind] {
				l.add(s, RuleWrongType, action.Position, action.Text)
			}
		}
		if !used["thing"] && slices.ContainsFunc(thingActions, func(known string) bool { return strings.EqualFold(known, action.Text) }) {
			l.add(s, RuleWrongType, action.Position, action.Text)
		}
	}
	for _, resource := range s.from.Resources {
		after, _ := resourcePart(resource.Text)
		kind, _, _ := strings.Cut(after, "/")
		if kind == "thing" || slices.ContainsFunc(actions, func(a string) bool { return s.applies(a) && resourceTypes[a] == kind }) {
			continue
		}
		if slices.ContainsFunc(actions, s.applies) {
			l.add(s, RuleWrongType, resource.Position, resource.Text)
		}
	}
}

func (l *Linter) lintResources(s *statement) {
	for _, resource := range s.from.Resources {
		at, text := resource.Position, resource.Text
		if parts := splitARN(text); len(parts) == 6 && !l.context.Target.fits(parts) {
			l.add(s, RuleOtherTarget, at, text)
		}
		for _, kind := range []string{"topic", "topicfilter"} {
			topic, ok := topicOf(text, kind)
			if !ok {
				continue
			}
			if exceedsTopic(topic) {
				l.add(s, RuleLimit, at, text)
			}
			levels := strings.Split(topic, "/")
			if slices.Contains(levels[:len(levels)-1], "*") {
				l.add(s, RuleCrossingLevels, at, text)
			}
		}
		if id, ok := topicOf(text, "client"); ok && exceedsClientID(id) {
			l.add(s, RuleLimit, at, text)
		}
	}
}

// fits reports whether the parts of an ARN are those of a target, or match them.
func (t *Target) fits(parts []string) bool {
	for i, want := range map[int]string{1: t.Partition, 3: t.Region, 4: t.Account} {
		if want != "" && !matchWildcards(parts[i], want) {
			return false
		}
	}
	return true
}

// literalOf removes variables and asterisks, which may be empty, and reads escapes.
func literalOf(text string) string {
	var b strings.Builder
	for text != "" {
		name, after, ok := cutVariable(text)
		switch {
		case ok && (name == "*" || name == "?" || name == "$"):
			b.WriteString(name)
		case ok:
		case text[0] == '*':
			after = text[1:]
		default:
			b.WriteByte(text[0])
			after = text[1:]
		}
		text = after
	}
	return b.String()
}

// exceedsTopic reports whether every topic that a pattern matches breaks a limit (AWS IoT Core
// quotas, "Message broker and protocol limits"). The levels of shared subscriptions and of rules
// do not count.
func exceedsTopic(topic string) bool {
	const slashes, size = 7, 256
	literal := literalOf(topic)
	reserved := strings.HasPrefix(topic, "$") && !strings.HasPrefix(topic, "${")
	first, _, _ := strings.Cut(topic, "/")
	if reserved && first != "$aws" && first != "$share" && !strings.Contains(first, "*") {
		return true
	}
	for _, prefix := range []struct {
		text   string
		levels int
	}{{"$share/", 2}, {"$aws/rules/", 3}} {
		if after := strings.SplitN(literal, "/", prefix.levels+1); strings.HasPrefix(literal, prefix.text) && len(after) > prefix.levels {
			literal = after[prefix.levels]
		}
	}
	return strings.Count(literal, "/") > slashes || len(literal) > size
}

func exceedsClientID(id string) bool {
	const size = 128
	return len(literalOf(id)) > size || strings.HasPrefix(id, "$") && !strings.HasPrefix(id, "${")
}

func (l *Linter) lintVariables(s *statement) {
	greengrass := slices.ContainsFunc(s.actions, func(a string) bool { return strings.HasPrefix(a, "greengrass:") })
	look := func(v *variable, at Position) {
		if v.kind == unknownVariable || v.kind >= connectAttributesKey {
			l.add(s, RuleUnknownVariable, at, v.name)
		}
		if s.effect == Deny && v.kind != clientIDVariable {
			l.add(s, RuleDenyVariable, at, v.name)
		}
		if v.ofThing() && (l.context.Transport == HTTP || greengrass) {
			l.add(s, RuleThingOverHTTP, at, v.name)
		}
	}
	for i := range s.resources {
		for _, v := range s.resources[i].variables {
			look(v, s.from.Resources[i].Position)
		}
	}
	for i, c := range s.conditions {
		at := s.from.Conditions[i].Position
		for _, value := range c.values {
			for _, v := range value.pattern.variables {
				look(v, at)
			}
		}
		if c.key.ofThing() && (l.context.Transport == HTTP || greengrass) {
			l.add(s, RuleThingOverHTTP, at, c.key.name)
		}
		if s.effect == Allow && c.set == ForAllValues && c.key.ofCertificate() {
			l.add(s, RuleAbsentKey, at, c.key.name)
		}
	}
}
