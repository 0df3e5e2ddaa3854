package sandbox

import "iter"

// membership is the body of the operations that put a thing into a group, of
// either kind, or take it out. Thing and group are named or given by ARN.
type membership struct {
	Group           string `json:"thingGroupName"`
	GroupARN        string `json:"thingGroupArn"`
	BillingGroup    string `json:"billingGroupName"`
	BillingGroupARN string `json:"billingGroupArn"`
	Thing           string `json:"thingName"`
	ThingARN        string `json:"thingArn"`
}

// named resolves the two ways of saying the same resource.
func (s *Server) named(kind, member, name, arn string) (string, error) {
	if arn == "" {
		if name == "" {
			return "", invalid("Neither %sName nor %sArn is given", member, member)
		}
		return name, nil
	}
	got, of, ok := s.registry.split(arn)
	switch {
	case !ok || got != kind:
		return "", invalid("Invalid %sArn: %s", member, arn)
	case name != "" && name != of:
		return "", invalid("%sName and %sArn name different resources", member, member)
	}
	return of, nil
}

func (s *Server) memberThing(in *membership) (*thing, error) {
	name, err := s.named("thing", "thing", in.Thing, in.ThingARN)
	if err != nil {
		return nil, err
	}
	return s.thing(name)
}

// member reads a call. The caller holds the lock.
func (s *Server) member(c *call) (*group, *thing, error) {
	var in membership
	if err := c.decode(&in); err != nil {
		return nil, nil, err
	}
	name, err := s.named("thinggroup", "thingGroup", in.Group, in.GroupARN)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.memberThing(&in)
	if err != nil {
		return nil, nil, err
	}
	c.key = name + " " + t.name
	g, err := s.group(name)
	return g, t, err
}

// admits says whether a thing that is in some groups may join another: static,
// of a hierarchy of its own, and within the limit.
func admits(g *group, has []*group) error {
	if g.dynamic() {
		return invalid("Things cannot be added to the dynamic thing group %s", g.name)
	}
	for _, other := range has {
		if other.root() == g.root() {
			return invalid("The thing is already in the thing group %s of the same hierarchy as %s", other.name, g.name)
		}
	}
	if len(has) >= maxGroupsPerThing {
		return invalid("The thing is in the maximum number of thing groups (%d)", maxGroupsPerThing)
	}
	return nil
}

func (t *thing) groupsNow() []*group {
	all := make([]*group, 0, t.groups.len()+1)
	for _, g := range t.groups.all(present, 0, false) {
		all = append(all, g)
	}
	return all
}

func addThingToThingGroup(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, t, err := s.member(c)
	if err != nil {
		return nil, err
	}
	if _, in := t.groups.find(g); in {
		return nil, nil
	}
	if err := admits(g, t.groupsNow()); err != nil {
		return nil, err
	}
	return nil, s.commit(c, record{kind: kindMember, fields: []string{g.name, t.name}})
}

func removeThingFromThingGroup(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, t, err := s.member(c)
	if err != nil {
		return nil, err
	}
	if _, in := t.groups.find(g); !in {
		return nil, nil
	}
	return nil, s.commit(c, record{kind: kindMemberGone, fields: []string{g.name, t.name}})
}

// updateThingGroupsForThing does all or nothing: first what is to be removed,
// then what is to be added.
func updateThingGroupsForThing(s *Server, c *call) (any, error) {
	var in struct {
		Thing  string   `json:"thingName"`
		Add    []string `json:"thingGroupsToAdd"`
		Remove []string `json:"thingGroupsToRemove"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	c.key = in.Thing
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thing(in.Thing)
	if err != nil {
		return nil, err
	}
	var records []record
	has := t.groupsNow()
	for _, name := range in.Remove {
		g, err := s.group(name)
		if err != nil {
			return nil, err
		}
		if i := indexOf(has, g); i >= 0 {
			has = append(has[:i], has[i+1:]...)
			records = append(records, record{kind: kindMemberGone, fields: []string{g.name, t.name}})
		}
	}
	for _, name := range in.Add {
		g, err := s.group(name)
		if err != nil {
			return nil, err
		}
		if indexOf(has, g) >= 0 {
			continue
		}
		if err := admits(g, has); err != nil {
			return nil, err
		}
		has = append(has, g)
		records = append(records, record{kind: kindMember, fields: []string{g.name, t.name}})
	}
	if len(records) == 0 {
		return nil, nil
	}
	return nil, s.commit(c, records...)
}

func indexOf(groups []*group, g *group) int {
	for i, other := range groups {
		if other == g {
			return i
		}
	}
	return -1
}

func listThingGroupsForThing(s *Server, c *call) (any, error) {
	c.key = c.param
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.thing(c.key)
	if err != nil {
		return nil, err
	}
	items, next := list(&t.groups, s.lagging(), p, func(g *group) groupRef { return g.ref(s.registry) })
	return groupPage{items, next}, nil
}

type thingNames struct {
	Things    []string `json:"things"`
	NextToken string   `json:"nextToken,omitempty"`
}

func (t *thing) title() (string, bool) { return t.name, true }

func listThingsInThingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, err := s.group(c.key)
	if err != nil {
		return nil, err
	}
	groups := []*group{g}
	if c.query("recursive") == "true" {
		groups = g.below()
	}
	v := s.lagging()
	lists := make([]iter.Seq2[uint64, *thing], len(groups))
	for i, g := range groups {
		lists[i] = g.members.all(v, p.after, false)
	}
	items, next := collect(merge(lists), p.size, (*thing).title)
	return thingNames{items, next}, nil
}
