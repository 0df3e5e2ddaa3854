package policy

import (
	"slices"
	"strings"
)

// lintBroad finds what an allow grants beyond the device's own.
func (l *Linter) lintBroad(s *statement) {
	if s.applies("iot:Connect") && !s.requiresAttached() {
		if at, text, ok := s.matchesProbe("client/"+stranger, &Connection{ClientID: stranger}); ok {
			rule := RuleConnectAny
			if strings.Contains(strings.ToLower(text), "${iot:clientid}") {
				rule = RuleConnectOwnID
			}
			l.add(s, rule, at, text)
		}
	}
	// A * after a name reaches the things whose names are longer.
	own := &Connection{ClientID: neighbour, Things: []Thing{{Name: neighbour}}}
	if s.applies("iot:Publish") {
		l.lintOthers(s, RulePublishOthers, "topic/", othersTopics, own)
	}
	if s.applies("iot:Subscribe") {
		l.lintOthers(s, RuleSubscribeOthers, "topicfilter/", append(othersFilters, othersTopics...), own)
		l.lintLiteralFilters(s)
	}
	if slices.ContainsFunc(thingActions, s.applies) {
		l.lintOthers(s, RuleThingAny, "thing/", []string{stranger, stranger + "/named"}, &Connection{ClientID: "own"})
	}
	if s.applies("iot:AssumeRoleWithCertificate") {
		l.lintOthers(s, RuleRoleAliasAny, "rolealias/", []string{stranger}, &Connection{ClientID: "own"})
	}
}

// othersTopics are topics of a thing that is not the device's.
var othersTopics = []string{
	"$aws/things/" + stranger + "/shadow/update", "$aws/things/" + stranger + "/shadow/get", "$aws/things/" + stranger + "/shadow/delete",
	"$aws/things/" + stranger + "/shadow/update/accepted", "$aws/things/" + stranger + "/shadow/update/delta",
	"$aws/things/" + stranger + "/shadow/update/documents", "$aws/things/" + stranger + "/shadow/get/accepted",
	"$aws/things/" + stranger + "/shadow/name/n/update", "$aws/things/" + stranger + "/shadow/name/n/get",
	"$aws/things/" + stranger + "/shadow/name/n/update/accepted",
	"$aws/things/" + stranger + "/jobs/start-next", "$aws/things/" + stranger + "/jobs/get", "$aws/things/" + stranger + "/jobs/notify",
	"$aws/things/" + stranger + "/jobs/notify-next", "$aws/things/" + stranger + "/jobs/j/update", "$aws/things/" + stranger + "/jobs/j/get",
}

// othersFilters are filters that match topics of other things.
var othersFilters = []string{"$aws/things/#", "$aws/things/+/shadow/#", "$aws/things/+/shadow/update", "$aws/things/+/jobs/#", "$aws/#"}

func (l *Linter) lintOthers(s *statement, rule Rule, kind string, names []string, c *Connection) {
	for _, name := range names {
		if at, text, ok := s.matchesProbe(kind+name, c); ok {
			l.add(s, rule, at, text)
			return
		}
	}
}

// lintLiteralFilters finds a filter without wildcards of policies that matches topics of other
// things by its wildcards of MQTT.
func (l *Linter) lintLiteralFilters(s *statement) {
	for _, resource := range s.from.Resources {
		filter, ok := topicOf(resource.Text, "topicfilter")
		if !ok || s.notResource {
			continue
		}
		filter = literalOf(strings.ReplaceAll(filter, "${iot:Connection.Thing.ThingName}", "own"))
		for _, topic := range othersTopics {
			if filterMatches([]byte(filter), []byte(topic)) {
				l.add(s, RuleSubscribeOthers, resource.Position, resource.Text)
			}
		}
	}
}

// lintDeny finds denies that miss what they are meant for.
func (l *Linter) lintDeny(s *statement) {
	if !slices.ContainsFunc([]string{"iot:Publish", "iot:Subscribe", "iot:Receive", "iot:RetainPublish"}, s.applies) {
		return
	}
	for _, resource := range s.from.Resources {
		after, _ := resourcePart(resource.Text)
		if strings.HasPrefix(after, "topic") && strings.ContainsAny(literalOf(after), "+#") {
			l.add(s, RuleDenyMQTTWildcard, resource.Position, resource.Text)
		}
		topic, ok := topicOf(resource.Text, "topicfilter")
		if !ok || s.notResource || !s.applies("iot:Subscribe") || !l.allowsAround(resource.Text) {
			continue
		}
		arn, _ := strings.CutSuffix(resource.Text, "topicfilter/"+topic)
		if !l.deniesReceive(arn + "topic/" + topic) {
			l.add(s, RuleDenySubscribeOnly, resource.Position, resource.Text)
		}
	}
}

// allowsAround reports whether subscriptions are allowed on more than a denied filter by *.
func (l *Linter) allowsAround(denied string) bool {
	for i := range l.policies.statements {
		s := &l.policies.statements[i]
		if s.effect != Allow || s.notResource || !s.applies("iot:Subscribe") {
			continue
		}
		for j := range s.resources {
			if text := s.from.Resources[j].Text; text != denied && strings.Contains(text, "*") && (text == "*" || s.resources[j].covers(denied)) {
				return true
			}
		}
	}
	return false
}

// deniesReceive reports whether messages of all topics of a resource are denied.
func (l *Linter) deniesReceive(resource string) bool {
	// The wildcards of MQTT in a deny of iot:Receive are literal, so that only * covers them.
	resource = strings.NewReplacer("#", "*", "+", "*").Replace(resource)
	for i := range l.policies.statements {
		s := &l.policies.statements[i]
		if s.effect != Deny || s.notResource || !s.applies("iot:Receive") {
			continue
		}
		for j := range s.resources {
			if s.resources[j].covers(resource) {
				return true
			}
		}
	}
	return false
}

// lintMissing finds permissions that do not work without another one.
func (l *Linter) lintMissing(s *statement) {
	if s.applies("iot:Subscribe") {
		l.lintClientIDInFilter(s)
	}
	if s.notResource || s.notAction {
		return
	}
	for i, resource := range s.from.Resources {
		if filter, ok := topicOf(resource.Text, "topicfilter"); ok && l.complete && s.applies("iot:Subscribe") {
			if shared := strings.SplitN(filter, "/", 3); shared[0] == "$share" && len(shared) == 3 {
				filter = shared[2]
			}
			arn, _, _ := strings.Cut(resource.Text, "topicfilter/")
			if !l.allowsSome("iot:Receive", arn+"topic/"+filter) {
				l.add(s, RuleNoReceive, resource.Position, resource.Text)
			}
		}
		topic, ok := topicOf(resource.Text, "topic")
		if !ok || !s.applies("iot:RetainPublish") {
			continue
		}
		named := slices.ContainsFunc(s.from.Actions, func(a Action) bool { return strings.EqualFold(a.Text, "iot:RetainPublish") })
		if named && strings.HasPrefix(topic, "$aws/") || l.complete && !l.allowsSome("iot:Publish", s.from.Resources[i].Text) {
			l.add(s, RuleRetain, resource.Position, resource.Text)
		}
	}
}

// allowsSome reports whether an action is allowed on a topic that a resource matches as a filter.
func (l *Linter) allowsSome(action, resource string) bool {
	special := syntax{wildcards: true, variables: true}
	want := compilePattern(resource, special)
	for i := range l.policies.statements {
		s := &l.policies.statements[i]
		if s.effect != Allow || !s.applies(action) {
			continue
		}
		for j := range s.resources {
			if s.notResource != overlap(s.resources[j].parts(false), want.parts(true)) {
				return true
			}
		}
	}
	return false
}

// lintClientIDInFilter finds ${iot:ClientId} in a filter while a client may call itself +.
func (l *Linter) lintClientIDInFilter(s *statement) {
	attacker := Connection{ClientID: "+", Target: l.context.Target}
	for i := range s.resources {
		for _, v := range s.resources[i].variables {
			if v.kind == clientIDVariable && l.connects(&attacker) {
				l.add(s, RuleClientIDInFilter, s.from.Resources[i].Position, s.from.Resources[i].Text)
			}
		}
	}
}

// connects reports whether a client may connect, in any region and account.
func (l *Linter) connects(c *Connection) bool {
	e := evaluation{connection: c, action: "iot:Connect", bit: actionBits["iot:Connect"]}
	allowed := false
	for i := range l.policies.statements {
		s := &l.policies.statements[i]
		if !s.applies("iot:Connect") || s.effect == Allow && !s.conditionsHold(&e) && s.requiresAttached() {
			continue
		}
		matches := false
		for j := range s.resources {
			part, ok := resourcePart(s.from.Resources[j].Text)
			pattern := compilePattern(part, syntax{wildcards: true, variables: true})
			matches = matches || !ok || pattern.matches("client/"+c.ClientID, &e)
		}
		if matches == s.notResource {
			continue
		}
		if s.effect == Deny && len(s.conditions) == 0 {
			return false
		}
		allowed = allowed || s.effect == Allow
	}
	return allowed
}

// lintTopics finds resources of an allow that match nothing, or more than they should.
func (l *Linter) lintTopics(s *statement) {
	for _, resource := range s.from.Resources {
		if topic, ok := topicOf(resource.Text, "topic"); ok && strings.ContainsAny(literalOf(topic), "+#") {
			if slices.ContainsFunc([]string{"iot:Publish", "iot:Receive", "iot:RetainPublish"}, s.applies) {
				l.add(s, RuleAllowMQTTWildcard, resource.Position, resource.Text)
			}
		}
		filter, ok := topicOf(resource.Text, "topicfilter")
		if !ok || !s.applies("iot:Subscribe") {
			continue
		}
		for _, service := range []string{"/shadow/", "/jobs/"} {
			_, after, found := strings.Cut(filter, service)
			if found && strings.HasPrefix(filter, "$aws/things/") && strings.ContainsAny(after, "+#") {
				l.add(s, RuleWideSubscription, resource.Position, resource.Text)
			}
		}
	}
}

// lintQuotas compares sizes and counts with what AWS allows (AWS IoT Core quotas).
func (l *Linter) lintQuotas(documents []*Document) {
	const ofCertificate, ofGroup, versions, subscriptions = 10, 2, 5, 50
	for i, document := range documents {
		severity := Severity("")
		if document.Size > MaxSize {
			severity = Error
		} else if document.Size*5 > MaxSize*4 {
			severity = Warning
		}
		if severity != "" {
			f := newFinding(nil, RuleQuota, severity, Position{}, QuotaSize)
			f.Document = i
			l.found = append(l.found, f)
		}
	}
	if l.context.CertificatePolicies > ofCertificate {
		l.add(nil, RuleQuota, Position{}, QuotaCertificatePolicies)
	}
	if l.context.GroupPolicies > ofGroup {
		l.add(nil, RuleQuota, Position{}, QuotaGroupPolicies)
	}
	if l.context.Versions >= versions {
		l.addSevere(nil, RuleQuota, Warning, Position{}, QuotaVersions)
	}
	filters := map[string]bool{}
	for _, document := range documents {
		for _, s := range document.Statements {
			for _, resource := range s.Resources {
				if filter, ok := topicOf(resource.Text, "topicfilter"); ok && s.Effect == Allow && !strings.ContainsAny(filter, "*?") {
					filters[filter] = true
				}
			}
		}
	}
	if len(filters) > subscriptions {
		l.add(nil, RuleWideSubscription, Position{}, "50")
	}
}
