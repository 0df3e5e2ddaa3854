package sandbox

import (
	"iter"
	"strconv"
)

// records yields what a fresh registry needs to become this one. Sequence
// numbers are kept, so that orders and page tokens outlive it.
func (r *registry) records() iter.Seq[record] {
	return func(yield func(record) bool) {
		header := record{kind: kindHeader, seq: r.seq, fields: []string{r.id, r.account, r.region}}
		_ = yield(header) && r.catalogueRecords(yield) && r.deviceRecords(yield)
	}
}

// size is the number of records.
func (r *registry) size() int {
	n := 1 + len(r.certificates) + len(r.things) + len(r.types) + len(r.groups) + len(r.billingGroups) + len(r.policies)
	for _, t := range r.things {
		n += t.principals.len() + t.groups.len()
		if t.billing != nil {
			n++
		}
	}
	for _, p := range r.policies {
		n += p.targets.len()
	}
	return n
}

func (r *registry) catalogueRecords(yield func(record) bool) bool {
	for _, t := range r.typeList.all(present, 0, false) {
		if !yield(record{kindType, t.seq, t.created, []string{t.name, t.id.String(), t.properties, decimal(t.deprecated)}}) {
			return false
		}
	}
	for _, g := range r.groupList.all(present, 0, false) {
		if !yield(g.record()) {
			return false
		}
	}
	for _, b := range r.billingGroupList.all(present, 0, false) {
		if !yield(record{kindBillingGroup, b.seq, b.created, []string{b.name, b.id.String(), b.properties}}) {
			return false
		}
	}
	for _, p := range r.policyList.all(present, 0, false) {
		if !yield(record{kindPolicy, p.seq, p.created, []string{p.name, p.document, p.generation.String()}}) {
			return false
		}
	}
	return true
}

func (g *group) record() record {
	parent := ""
	if g.parent != nil {
		parent = g.parent.name
	}
	return record{kindGroup, g.seq, g.created, []string{g.name, g.id.String(), parent, g.properties, g.query, g.queryForm, g.index}}
}

func (r *registry) deviceRecords(yield func(record) bool) bool {
	for _, c := range r.certificateList.all(present, 0, false) {
		if !yield(record{kindCertificate, c.seq, c.created, []string{c.der, c.status.String(), decimal(c.modified), strconv.FormatUint(uint64(c.version), 10)}}) {
			return false
		}
	}
	for _, t := range r.thingList.all(present, 0, false) {
		if !yield(record{kindThing, t.seq, 0, thingFields(t.name, t.id.String(), t.version, t.kind, t.attributes)}) {
			return false
		}
		for seq, a := range t.principals.all(present, 0, false) {
			if !yield(principalRecord(seq, 0, t, a.certificate, a.exclusive)) {
				return false
			}
		}
	}
	// Lists of one owner in their order: adding at the end is what series are
	// fast at.
	for _, g := range r.groupList.all(present, 0, false) {
		for seq, t := range g.members.all(present, 0, false) {
			if !yield(record{kindMember, seq, 0, []string{g.name, t.name}}) {
				return false
			}
		}
	}
	for _, b := range r.billingGroupList.all(present, 0, false) {
		for seq, t := range b.members.all(present, 0, false) {
			if !yield(record{kindBilled, seq, 0, []string{b.name, t.name}}) {
				return false
			}
		}
	}
	for _, p := range r.policyList.all(present, 0, false) {
		for seq, to := range p.targets.all(present, 0, false) {
			if !yield(record{kindTarget, seq, 0, targetFields(p, to)}) {
				return false
			}
		}
	}
	return true
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func thingFields(name, id string, version int64, kind *thingType, attributes []attribute) []string {
	f := make([]string, 0, 4+2*len(attributes))
	f = append(f, name, id, decimal(version), kind.title())
	return appendAttributes(f, attributes)
}

func appendAttributes(f []string, attributes []attribute) []string {
	for _, a := range attributes {
		f = append(f, a.name, a.value)
	}
	return f
}

// title is the name of a type, empty for none.
func (t *thingType) title() string {
	if t == nil {
		return ""
	}
	return t.name
}

func principalRecord(seq uint64, at int64, t *thing, c *certificate, exclusive bool) record {
	mark := ""
	if exclusive {
		mark = "x"
	}
	return record{kindPrincipal, seq, at, []string{t.name, c.hexID(), mark}}
}

func targetFields(p *policy, to target) []string {
	switch to := to.(type) {
	case *certificate:
		return []string{p.name, "cert", to.hexID()}
	case *group:
		return []string{p.name, "thinggroup", to.name}
	}
	panic("sandbox: a target that is neither certificate nor thing group")
}
