package policy

import (
	"hash/maphash"
	"strings"
	"time"
)

// Device looks at the connection that a device will make, and returns what was found for it. The
// connection may be changed afterwards.
func (l *Linter) Device(c *Connection) []Finding {
	d := deviceLint{linter: l, connection: c}
	d.lintCertificate()
	d.lintConnect()
	d.lintVariables()
	for _, f := range d.found {
		l.count(f, c.ClientID)
	}
	return d.found
}

// count adds a device to the finding that it has in common with others.
func (l *Linter) count(f Finding, clientID string) {
	key := deviceKey{f.Rule, f.Document, f.Statement, f.Text, f.Severity}
	at, ok := l.devices[key]
	if !ok {
		at = len(l.found)
		l.devices[key] = at
		f.Devices, f.ClientIDs = 0, nil
		l.found = append(l.found, f)
	}
	l.found[at].Devices++
	if len(l.found[at].ClientIDs) < MaxClientIDs {
		l.found[at].ClientIDs = append(l.found[at].ClientIDs, clientID)
	}
}

type deviceLint struct {
	linter     *Linter
	connection *Connection
	found      []Finding
}

func (d *deviceLint) add(s *statement, rule Rule, severity Severity, at Position, text string) {
	f := newFinding(s, rule, severity, at, text)
	f.Devices, f.ClientIDs = 1, []string{d.connection.ClientID}
	d.found = append(d.found, f)
}

func (d *deviceLint) lintCertificate() {
	const soon, old = 30 * 24 * time.Hour, 365 * 24 * time.Hour // the defaults of Device Defender
	c, now := d.connection.Certificate, d.linter.context.Now
	if c == nil {
		return
	}
	if c.ROCA {
		d.add(nil, RuleCertificate, Critical, Position{}, CertificateWeakKey)
	}
	if now.IsZero() {
		return
	}
	switch {
	case c.NotAfter.IsZero():
	case !now.Before(c.NotAfter):
		d.add(nil, RuleCertificate, Medium, Position{}, CertificateExpired)
	case !now.Add(soon).Before(c.NotAfter):
		d.add(nil, RuleCertificate, Medium, Position{}, CertificateExpiring)
	}
	if !c.NotBefore.IsZero() && now.Sub(c.NotBefore) > old {
		d.add(nil, RuleCertificate, Low, Position{}, CertificateOld)
	}
}

func (d *deviceLint) lintConnect() {
	c, p := d.connection, d.linter.policies
	if c.Transport == HTTP {
		return
	}
	const longestID = 128
	if len(c.ClientID) > longestID || strings.HasPrefix(c.ClientID, "$") || c.ClientID == "" {
		d.add(nil, RuleLimit, severities[RuleLimit], Position{}, "")
	}
	if p.Decide(c, Connect()) != Allowed {
		plain := *c
		plain.Will, plain.Persistent = "", false
		rule := RuleNoConnect
		if (c.Will != "" || c.Persistent) && p.Decide(&plain, Connect()) == Allowed {
			rule = RuleConnectFeature
		}
		d.add(nil, rule, severities[rule], Position{}, "")
		return
	}
	if c.Will != "" && p.Decide(c, Publish(c.Will)) != Allowed {
		d.add(nil, RuleConnectFeature, severities[RuleConnectFeature], Position{}, "iot:Publish")
	}
}

func (d *deviceLint) lintVariables() {
	thing := d.connection.Thing()
	e := evaluation{connection: d.connection, thing: thing}
	for _, use := range d.linter.wanted {
		value, reason := use.value(&e)
		rule := Rule("")
		switch {
		case use.kind == attachedVariable: // it always has a value
		case use.ofThing() && thing == nil && d.connection.Transport != HTTP:
			rule = RuleNoThing
		case use.kind == attributeVariable && reason == ReasonMissing:
			rule = RuleAttribute
		case use.kind == thingTypeVariable && reason == ReasonMissing:
			rule = RuleAttribute
		case use.ofCertificate() && reason != "" && reason != ReasonList:
			rule = RuleCertificateVariable
		}
		if rule != "" {
			d.add(use.statement, rule, severities[rule], use.position, use.name)
		}
		if use.kind == nameVariable && use.field == CommonName && !use.issuer && use.index == 0 && use.inResource && reason == "" {
			d.lintCommonName(use, value)
		}
	}
	d.lintAttached(thing)
}

// lintCommonName finds the second device and each further one with a common name.
func (d *deviceLint) lintCommonName(use *variableUse, value string) {
	name, device := maphash.String(d.linter.seed, value), maphash.String(d.linter.seed, d.connection.ClientID)
	first, twice := d.linter.names[name]
	if !twice {
		d.linter.names[name] = device
		return
	}
	if first != device {
		d.add(use.statement, RuleSharedName, severities[RuleSharedName], use.position, use.name)
	}
}

// lintAttached finds a statement that requires the connection to belong to a thing.
func (d *deviceLint) lintAttached(thing *Thing) {
	if thing != nil {
		return
	}
	for i := range d.linter.policies.statements {
		s := &d.linter.policies.statements[i]
		if s.effect == Allow && s.requiresAttached() {
			for j := range s.conditions {
				if s.conditions[j].key.kind == attachedVariable {
					d.add(s, RuleNoThing, severities[RuleNoThing], s.from.Conditions[j].Position, s.from.Conditions[j].Key)
				}
			}
			return
		}
	}
}
