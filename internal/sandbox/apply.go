package sandbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// errRecord says that a record contradicts the state it was to change, which
// only a journal that was edited or written by another version can do.
var errRecord = errors.New("record does not fit the state")

// apply makes a change. Whoever wrote the record has checked every rule.
func (r *registry) apply(rec *record) error {
	if want := fieldsOf(rec.kind); want < 0 || len(rec.fields) < want {
		return fmt.Errorf("%w: kind %d with %d fields", errRecord, rec.kind, len(rec.fields))
	}
	if !r.change(rec) {
		return fmt.Errorf("%w: kind %d", errRecord, rec.kind)
	}
	r.seq = max(r.seq, rec.seq)
	r.lag.note(rec.at, r.seq)
	return nil
}

// fieldsOf is the least number of fields of a kind, -1 for an unknown one.
func fieldsOf(k kind) int {
	switch k {
	case kindCertificateGone, kindThingGone, kindPolicyGone, kindTypeGone, kindGroupGone, kindBillingGroupGone:
		return 1
	case kindCertificateStatus, kindPrincipalGone, kindTypeDeprecated, kindMember, kindMemberGone, kindBilled, kindBilledGone:
		return 2
	case kindHeader, kindThingUpdate, kindPrincipal, kindPolicy, kindTarget, kindTargetGone, kindBillingGroup:
		return 3
	case kindCertificate, kindThing, kindType:
		return 4
	case kindGroup:
		return 7
	}
	return -1
}

func (r *registry) change(rec *record) bool {
	f := rec.fields
	switch rec.kind {
	case kindHeader:
		r.id, r.account, r.region = f[0], f[1], f[2]
		return true
	case kindCertificate:
		return r.addCertificate(rec)
	case kindCertificateStatus:
		c := r.lookUp(f[0])
		if c == nil {
			return false
		}
		c.status, c.modified = parseStatus(f[1]), rec.at
		c.version++
		return true
	case kindCertificateGone:
		return r.removeCertificate(r.lookUp(f[0]), rec.at)
	case kindThing:
		return r.addThing(rec)
	case kindThingUpdate:
		return r.updateThing(rec)
	case kindThingGone:
		return r.removeThing(r.things[f[0]], rec.at)
	case kindPrincipal, kindPrincipalGone:
		return r.changePrincipal(rec)
	case kindType, kindTypeDeprecated, kindTypeGone:
		return r.changeType(rec)
	case kindPolicy, kindPolicyGone, kindTarget, kindTargetGone:
		return r.changePolicy(rec)
	}
	return r.changeGroup(rec)
}

// drop removes from a series as the lag of lists asks for.
func drop[T comparable](r *registry, s *series[T], seq uint64, at int64) {
	s.remove(seq, at, r.lag.by > 0)
	if r.lag.by > 0 {
		s.forget(at - r.lag.by)
	}
}

func (r *registry) addCertificate(rec *record) bool {
	c := &certificate{der: rec.fields[0], status: parseStatus(rec.fields[1]), seq: rec.seq, created: rec.at}
	c.id = sha256.Sum256([]byte(c.der))
	modified, err := strconv.ParseInt(rec.fields[2], 10, 64)
	version, err2 := strconv.ParseUint(rec.fields[3], 10, 32)
	if err != nil || err2 != nil || r.certificates[c.id] != nil {
		return false
	}
	c.modified, c.version = modified, uint32(version)
	r.certificates[c.id] = c
	r.certificateList.add(c.seq, c)
	return true
}

func (r *registry) removeCertificate(c *certificate, at int64) bool {
	if c == nil || c.things.len() > 0 {
		return false
	}
	for seq, p := range c.policies.all(present, 0, false) {
		drop(r, &p.targets, seq, at)
	}
	delete(r.certificates, c.id)
	drop(r, &r.certificateList, c.seq, at)
	return true
}

func (r *registry) addThing(rec *record) bool {
	f := rec.fields
	id, err := uuid.Parse(f[1])
	version, err2 := strconv.ParseInt(f[2], 10, 64)
	t := &thing{name: strings.Clone(f[0]), id: id, seq: rec.seq, version: version}
	if err != nil || err2 != nil || r.things[t.name] != nil || !r.describe(t, f[3], f[4:]) {
		return false
	}
	r.things[t.name] = t
	r.thingList.add(t.seq, t)
	return true
}

func (r *registry) updateThing(rec *record) bool {
	f := rec.fields
	t := r.things[f[0]]
	version, err := strconv.ParseInt(f[1], 10, 64)
	if t == nil || err != nil || !r.describe(t, f[2], f[3:]) {
		return false
	}
	t.version = version
	return true
}

// describe sets type and attributes.
func (r *registry) describe(t *thing, kind string, pairs []string) bool {
	to := r.types[kind]
	if kind != "" && to == nil || len(pairs)%2 != 0 {
		return false
	}
	if t.kind != nil {
		t.kind.things--
	}
	if t.kind = to; to != nil {
		to.things++
	}
	t.attributes = make([]attribute, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		t.attributes = append(t.attributes, attribute{r.name(pairs[i]), strings.Clone(pairs[i+1])})
	}
	slices.SortFunc(t.attributes, func(a, b attribute) int { return strings.Compare(a.name, b.name) })
	return true
}

// name keeps one copy of an attribute's name. Past a bound it keeps none, so
// that names which never repeat do not stay.
func (r *registry) name(s string) string {
	if kept, ok := r.names[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	if len(r.names) < 10_000 {
		r.names[s] = s
	}
	return s
}

func (r *registry) removeThing(t *thing, at int64) bool {
	if t == nil || t.principals.len() > 0 {
		return false
	}
	for seq, g := range t.groups.all(present, 0, false) {
		drop(r, &g.members, seq, at)
	}
	if t.billing != nil {
		drop(r, &t.billing.members, t.billingSeq, at)
	}
	if t.kind != nil {
		t.kind.things--
	}
	delete(r.things, t.name)
	drop(r, &r.thingList, t.seq, at)
	return true
}

// attachment finds what joins a thing and a certificate.
func (t *thing) attachment(c *certificate) (*attachment, uint64) {
	for seq, a := range t.principals.all(present, 0, false) {
		if a.certificate == c {
			return a, seq
		}
	}
	return nil, 0
}

func (r *registry) changePrincipal(rec *record) bool {
	t, c := r.things[rec.fields[0]], r.lookUp(rec.fields[1])
	if t == nil || c == nil {
		return false
	}
	a, seq := t.attachment(c)
	if rec.kind == kindPrincipalGone {
		if a == nil {
			return false
		}
		drop(r, &t.principals, seq, rec.at)
		drop(r, &c.things, seq, rec.at)
		return true
	}
	if a == nil {
		a = &attachment{thing: t, certificate: c}
		t.principals.add(rec.seq, a)
		c.things.add(rec.seq, a)
	}
	a.exclusive = rec.fields[2] != ""
	return true
}
