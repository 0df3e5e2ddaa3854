package registry

import (
	"iter"
	"slices"
)

// Membership names a thing and a thing group, each by name or by ARN.
type Membership struct {
	Group    string `json:"thingGroupName"`
	GroupARN string `json:"thingGroupArn"`
	namedThing
}

// BillingMembership names a thing and a billing group, each by name or by ARN.
type BillingMembership struct {
	Group    string `json:"billingGroupName"`
	GroupARN string `json:"billingGroupArn"`
	namedThing
}

type namedThing struct {
	Thing    string `json:"thingName"`
	ThingARN string `json:"thingArn"`
}

// Subject returns the group and the thing.
func (in *Membership) Subject() string { return in.Group + " " + in.Thing }

// Subject returns the group and the thing.
func (in *BillingMembership) Subject() string { return in.Group + " " + in.Thing }

// resolve sets *name from an ARN if one is given.
func (st *State) resolve(kind, member string, name *string, arn string) error {
	if arn == "" {
		if *name == "" {
			return Invalid("%sName or %sArn must be given", member, member)
		}
		return nil
	}
	got, of, ok := st.split(arn)
	switch {
	case !ok || got != kind:
		return Invalid("Invalid %sArn: %s", member, arn)
	case *name != "" && *name != of:
		return Invalid("%sName and %sArn name different resources", member, member)
	}
	*name = of
	return nil
}

func (st *State) memberThing(in *namedThing) (*thing, error) {
	if err := st.resolve("thing", "thing", &in.Thing, in.ThingARN); err != nil {
		return nil, err
	}
	return st.thing(in.Thing)
}

func (st *State) membership(in *Membership) (*group, *thing, error) {
	if err := st.resolve("thinggroup", "thingGroup", &in.Group, in.GroupARN); err != nil {
		return nil, nil, err
	}
	t, err := st.memberThing(&in.namedThing)
	if err != nil {
		return nil, nil, err
	}
	g, err := st.group(in.Group)
	return g, t, err
}

func (st *State) billingMembership(in *BillingMembership) (*billingGroup, *thing, error) {
	if err := st.resolve("billinggroup", "billingGroup", &in.Group, in.GroupARN); err != nil {
		return nil, nil, err
	}
	t, err := st.memberThing(&in.namedThing)
	if err != nil {
		return nil, nil, err
	}
	b, err := st.billingGroup(in.Group)
	return b, t, err
}

// checkJoin checks that a thing that is in the groups has may join g: g is static, none of them
// is in its hierarchy, and the limit is not reached.
func (g *group) checkJoin(has []*group) error {
	if g.dynamic() {
		return Invalid("Things cannot be added to the dynamic thing group %s", g.name)
	}
	for _, other := range has {
		if other.root() == g.root() {
			return Invalid("The thing is already in the thing group %s of the same hierarchy as %s", other.name, g.name)
		}
	}
	if len(has) >= maxGroupsPerThing {
		return Invalid("The thing is in the maximum number of thing groups (%d)", maxGroupsPerThing)
	}
	return nil
}

func (g *group) root() *group {
	for g.parent != nil {
		g = g.parent
	}
	return g
}

func (t *thing) groupsNow() []*group {
	all := make([]*group, 0, t.groups.len()+1)
	for _, g := range t.groups.now() {
		all = append(all, g)
	}
	return all
}

// StaticGroups returns the names of the static groups of a thing.
func (st *State) StaticGroups(thing string) (names []string) {
	if t := st.things.by[thing]; t != nil {
		for _, g := range t.groupsNow() {
			names = append(names, g.name)
		}
	}
	return names
}

// AddThingToThingGroup adds a thing to a group.
func (st *State) AddThingToThingGroup(in *Membership) ([]Change, error) {
	g, t, err := st.membership(in)
	if err != nil {
		return nil, err
	}
	has := t.groupsNow()
	if slices.Contains(has, g) {
		return nil, nil
	}
	return []Change{&MemberAdded{g.name, t.name}}, g.checkJoin(has)
}

// RemoveThingFromThingGroup removes a thing from a group.
func (st *State) RemoveThingFromThingGroup(in *Membership) ([]Change, error) {
	g, t, err := st.membership(in)
	if err != nil || !slices.Contains(t.groupsNow(), g) {
		return nil, err
	}
	return []Change{&MemberRemoved{g.name, t.name}}, nil
}

// UpdateThingGroupsForThing are the parameters of [State.UpdateThingGroupsForThing].
type UpdateThingGroupsForThing struct {
	Thing  string   `json:"thingName"`
	Add    []string `json:"thingGroupsToAdd"`
	Remove []string `json:"thingGroupsToRemove"`
}

// Subject returns the thing.
func (in *UpdateThingGroupsForThing) Subject() string { return in.Thing }

// UpdateThingGroupsForThing removes a thing from groups and then adds it to others. If any of
// that fails it changes nothing.
func (st *State) UpdateThingGroupsForThing(in *UpdateThingGroupsForThing) ([]Change, error) {
	if in.Thing == "" { // which the service model does not require
		return nil, Invalid("thingName must be given")
	}
	t, err := st.thing(in.Thing)
	if err != nil {
		return nil, err
	}
	var changes []Change
	has := t.groupsNow()
	for _, name := range in.Remove {
		g, err := st.group(name)
		if err != nil {
			return nil, err
		}
		if i := slices.Index(has, g); i >= 0 {
			has = slices.Delete(has, i, i+1)
			changes = append(changes, &MemberRemoved{g.name, t.name})
		}
	}
	for _, name := range in.Add {
		g, err := st.group(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(has, g) {
			continue
		}
		if err := g.checkJoin(has); err != nil {
			return nil, err
		}
		has = append(has, g)
		changes = append(changes, &MemberAdded{g.name, t.name})
	}
	return changes, nil
}

// ListThingGroupsForThing are the parameters of [State.ListThingGroupsForThing].
type ListThingGroupsForThing struct {
	ByToken
	Thing string `json:"-" path:""`
}

// ListThingGroupsForThing lists the groups of a thing.
func (st *State) ListThingGroupsForThing(in *ListThingGroupsForThing) (out Page[GroupRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	t, err := st.thing(in.Thing)
	if err != nil {
		return out, err
	}
	groups := merge([]iter.Seq2[uint64, *group]{t.groups.all(st.lagging(), p), st.dynamicGroupsOf(t, p)})
	return collect(groups, p, func(g *group) (GroupRef, bool) { return g.ref(st), true }), nil
}

// ListThingsInThingGroup are the parameters of [State.ListThingsInThingGroup].
type ListThingsInThingGroup struct {
	ByToken
	Group     string `json:"-" path:""`
	Recursive string `json:"-" query:"recursive"`
}

// ListThingsInThingGroup lists the names of the things in a group.
func (st *State) ListThingsInThingGroup(in *ListThingsInThingGroup) (out Page[string], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	g, err := st.group(in.Group)
	if err != nil {
		return out, err
	}
	groups := []*group{g}
	if in.Recursive == "true" {
		groups = g.below()
	}
	v := st.lagging()
	lists := make([]iter.Seq2[uint64, *thing], len(groups))
	for i, g := range groups {
		if lists[i] = g.members.all(v, p); g.dynamic() {
			lists[i] = st.dynamicMembers(g, v, p)
		}
	}
	return collect(merge(lists), p, func(t *thing) (string, bool) { return t.name, true }), nil
}

// AddThingToBillingGroup adds a thing to a billing group and removes it from its previous one.
func (st *State) AddThingToBillingGroup(in *BillingMembership) ([]Change, error) {
	b, t, err := st.billingMembership(in)
	if err != nil || t.billing == b {
		return nil, err
	}
	return []Change{&Billed{b.name, t.name}}, nil
}

// RemoveThingFromBillingGroup removes a thing from a billing group.
func (st *State) RemoveThingFromBillingGroup(in *BillingMembership) ([]Change, error) {
	b, t, err := st.billingMembership(in)
	if err != nil || t.billing != b {
		return nil, err
	}
	return []Change{&Unbilled{b.name, t.name}}, nil
}

// ListThingsInBillingGroup are the parameters of [State.ListThingsInBillingGroup].
type ListThingsInBillingGroup struct {
	ByToken
	Group string `json:"-" path:""`
}

// ListThingsInBillingGroup lists the names of the things in a billing group.
func (st *State) ListThingsInBillingGroup(in *ListThingsInBillingGroup) (out Page[string], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	b, err := st.billingGroup(in.Group)
	if err != nil {
		return out, err
	}
	return list(&b.members, st.lagging(), p, func(t *thing) string { return t.name }), nil
}

// MemberAdded is a [Change].
type MemberAdded struct {
	Group string `json:"group"`
	Thing string `json:"thing"`
}

func (a *MemberAdded) apply(st *State, at stamp) bool {
	g, t := st.groups.by[a.Group], st.things.by[a.Thing]
	if g == nil || t == nil {
		return false
	}
	if _, there := t.groups.find(g); there {
		return false
	}
	g.members.add(at.seq, t)
	t.groups.add(at.seq, g)
	return true
}

// MemberRemoved is a [Change].
type MemberRemoved MemberAdded

func (a *MemberRemoved) apply(st *State, at stamp) bool {
	g, t := st.groups.by[a.Group], st.things.by[a.Thing]
	if g == nil || t == nil {
		return false
	}
	seq, there := t.groups.find(g)
	if there {
		drop(&st.lag, &g.members, seq, at.at)
		drop(&st.lag, &t.groups, seq, at.at)
	}
	return there
}

// Billed is a [Change]. A thing has at most one billing group: adding it to another moves it.
type Billed MemberAdded

func (a *Billed) apply(st *State, at stamp) bool {
	b, t := st.billingGroups.by[a.Group], st.things.by[a.Thing]
	if b == nil || t == nil {
		return false
	}
	if t.billing != nil {
		drop(&st.lag, &t.billing.members, t.billingSeq, at.at)
	}
	b.members.add(at.seq, t)
	t.billing, t.billingSeq = b, at.seq
	return true
}

// Unbilled is a [Change].
type Unbilled MemberAdded

func (a *Unbilled) apply(st *State, at stamp) bool {
	b, t := st.billingGroups.by[a.Group], st.things.by[a.Thing]
	if b == nil || t == nil || t.billing != b {
		return false
	}
	drop(&st.lag, &b.members, t.billingSeq, at.at)
	t.billing, t.billingSeq = nil, 0
	return true
}
