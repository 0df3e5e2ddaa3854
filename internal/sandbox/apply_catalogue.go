package sandbox

import (
	"strconv"

	"github.com/google/uuid"
)

func (r *registry) changeType(rec *record) bool {
	f := rec.fields
	t := r.types[f[0]]
	switch rec.kind {
	case kindType:
		id, err := uuid.Parse(f[1])
		deprecated, err2 := strconv.ParseInt(f[3], 10, 64)
		if t != nil || err != nil || err2 != nil {
			return false
		}
		t = &thingType{name: f[0], id: id, seq: rec.seq, created: rec.at, properties: f[2], deprecated: deprecated}
		r.types[t.name] = t
		r.typeList.add(t.seq, t)
		return true
	case kindTypeDeprecated:
		deprecated, err := strconv.ParseInt(f[1], 10, 64)
		if t == nil || err != nil {
			return false
		}
		t.deprecated = deprecated
		return true
	}
	if t == nil || t.things > 0 {
		return false
	}
	delete(r.types, t.name)
	drop(r, &r.typeList, t.seq, rec.at)
	return true
}

// target finds what a policy can be attached to.
func (r *registry) target(kind, name string) target {
	switch kind {
	case "cert":
		if c := r.lookUp(name); c != nil {
			return c
		}
	case "thinggroup":
		if g := r.groups[name]; g != nil {
			return g
		}
	}
	return nil
}

func (r *registry) changePolicy(rec *record) bool {
	f := rec.fields
	p := r.policies[f[0]]
	if rec.kind == kindPolicy {
		generation, err := uuid.Parse(f[2])
		if p != nil || err != nil {
			return false
		}
		p = &policy{name: f[0], document: f[1], generation: generation, seq: rec.seq, created: rec.at}
		r.policies[p.name] = p
		r.policyList.add(p.seq, p)
		return true
	}
	if p == nil {
		return false
	}
	if rec.kind == kindPolicyGone {
		if p.targets.len() > 0 {
			return false
		}
		delete(r.policies, p.name)
		drop(r, &r.policyList, p.seq, rec.at)
		return true
	}
	to := r.target(f[1], f[2])
	if to == nil {
		return false
	}
	seq, there := to.attached().find(p)
	switch {
	case rec.kind == kindTarget && !there:
		p.targets.add(rec.seq, to)
		to.attached().add(rec.seq, p)
	case rec.kind == kindTargetGone && there:
		drop(r, &p.targets, seq, rec.at)
		drop(r, to.attached(), seq, rec.at)
	default:
		return false
	}
	return true
}

func (r *registry) changeGroup(rec *record) bool {
	switch rec.kind {
	case kindGroup:
		return r.addGroup(rec)
	case kindGroupGone:
		return r.removeGroup(r.groups[rec.fields[0]], rec.at)
	case kindMember, kindMemberGone:
		g, t := r.groups[rec.fields[0]], r.things[rec.fields[1]]
		if g == nil || t == nil {
			return false
		}
		seq, there := t.groups.find(g)
		if there == (rec.kind == kindMember) {
			return false
		}
		if there {
			drop(r, &g.members, seq, rec.at)
			drop(r, &t.groups, seq, rec.at)
			return true
		}
		g.members.add(rec.seq, t)
		t.groups.add(rec.seq, g)
		return true
	}
	return r.changeBilling(rec)
}

func (r *registry) addGroup(rec *record) bool {
	f := rec.fields
	id, err := uuid.Parse(f[1])
	g := &group{
		name: f[0], id: id, seq: rec.seq, created: rec.at, parent: r.groups[f[2]],
		properties: f[3], query: f[4], queryForm: f[5], index: f[6],
	}
	if err != nil || r.groups[g.name] != nil || f[2] != "" && g.parent == nil {
		return false
	}
	if g.parent != nil {
		g.parent.children.add(g.seq, g)
	}
	r.groups[g.name] = g
	r.groupList.add(g.seq, g)
	return true
}

func (r *registry) removeGroup(g *group, at int64) bool {
	if g == nil || g.children.len() > 0 {
		return false
	}
	for seq, t := range g.members.all(present, 0, false) {
		drop(r, &t.groups, seq, at)
	}
	for seq, p := range g.policies.all(present, 0, false) {
		drop(r, &p.targets, seq, at)
	}
	if g.parent != nil {
		drop(r, &g.parent.children, g.seq, at)
	}
	delete(r.groups, g.name)
	drop(r, &r.groupList, g.seq, at)
	return true
}

func (r *registry) changeBilling(rec *record) bool {
	f := rec.fields
	b := r.billingGroups[f[0]]
	switch rec.kind {
	case kindBillingGroup:
		id, err := uuid.Parse(f[1])
		if b != nil || err != nil {
			return false
		}
		b = &billingGroup{name: f[0], id: id, seq: rec.seq, created: rec.at, properties: f[2]}
		r.billingGroups[b.name] = b
		r.billingGroupList.add(b.seq, b)
		return true
	case kindBillingGroupGone:
		if b == nil {
			return false
		}
		for _, t := range b.members.all(present, 0, false) {
			t.billing, t.billingSeq = nil, 0
		}
		delete(r.billingGroups, b.name)
		drop(r, &r.billingGroupList, b.seq, rec.at)
		return true
	}
	t := r.things[f[1]]
	if b == nil || t == nil {
		return false
	}
	if rec.kind == kindBilledGone {
		if t.billing != b {
			return false
		}
		drop(r, &b.members, t.billingSeq, rec.at)
		t.billing, t.billingSeq = nil, 0
		return true
	}
	// A thing has one billing group: adding it to another moves it.
	if t.billing != nil {
		drop(r, &t.billing.members, t.billingSeq, rec.at)
	}
	b.members.add(rec.seq, t)
	t.billing, t.billingSeq = b, rec.seq
	return true
}
