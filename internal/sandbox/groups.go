package sandbox

import (
	"encoding/json"
	"iter"
	"strings"

	"github.com/google/uuid"
)

type groupProperties struct {
	Description string            `json:"thingGroupDescription,omitempty"`
	Payload     *attributePayload `json:"attributePayload,omitempty"`
}

type groupRef struct {
	Name string `json:"groupName"`
	ARN  string `json:"groupArn"`
}

func (g *group) ref(r *registry) groupRef { return groupRef{g.name, g.arn(r)} }

func (s *Server) group(name string) (*group, error) {
	if err := checkName("thingGroupName", name, namePattern); err != nil {
		return nil, err
	}
	if g := s.registry.groups[name]; g != nil {
		return g, nil
	}
	return nil, notFound("Thing group %s does not exist", name)
}

// canonical is the stored form of a group's properties, by which equal ones are
// known.
func (p *groupProperties) canonical() (string, error) {
	if err := checkDescription("thingGroupProperties.thingGroupDescription", p.Description); err != nil {
		return "", err
	}
	attributes, err := p.Payload.update(nil)
	if err != nil {
		return "", err
	}
	if err := checkAttributes(attributes, true); err != nil {
		return "", err
	}
	out := map[string]any{}
	if p.Description != "" {
		out["thingGroupDescription"] = p.Description
	}
	if len(attributes) > 0 {
		m := map[string]string{}
		for _, a := range attributes {
			m[a.name] = a.value
		}
		out["attributePayload"] = map[string]any{"attributes": m}
	}
	return string(marshal(out)), nil
}

// wantedGroup is what CreateThingGroup and CreateDynamicThingGroup take.
type wantedGroup struct {
	Parent       string          `json:"parentGroupName"`
	Properties   groupProperties `json:"thingGroupProperties"`
	Query        string          `json:"queryString"`
	QueryVersion string          `json:"queryVersion"`
	Index        string          `json:"indexName"`
}

func createThingGroup(s *Server, c *call) (any, error) {
	var in wantedGroup
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	in.Query, in.QueryVersion, in.Index = "", "", ""
	return s.createGroup(c, in)
}

// createDynamicThingGroup keeps the query and runs it never: a dynamic group is
// here to be told from a static one.
func createDynamicThingGroup(s *Server, c *call) (any, error) {
	var in wantedGroup
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Query == "" {
		return nil, failed("", "queryString", "Member must have length greater than or equal to 1")
	}
	in.Parent, in.QueryVersion, in.Index = "", or(in.QueryVersion, "2017-09-30"), or(in.Index, "AWS_Things")
	return s.createGroup(c, in)
}

func (s *Server) createGroup(c *call, in wantedGroup) (any, error) {
	c.key = c.param
	if err := checkName("thingGroupName", c.key, namePattern); err != nil {
		return nil, err
	}
	properties, err := in.Properties.canonical()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.registry
	var parent *group
	if in.Parent != "" {
		if parent, err = s.group(in.Parent); err != nil {
			return nil, err
		}
	}
	g := r.groups[c.key]
	switch {
	case g != nil && (g.parent != parent || g.properties != properties || g.query != in.Query || g.queryForm != in.QueryVersion):
		return nil, exists(g.id.String(), g.arn(r), "Thing group %s already exists in account with different properties", g.name)
	case g == nil:
		if err := roomBelow(parent); err != nil {
			return nil, err
		}
		f := []string{c.key, uuid.NewString(), in.Parent, properties, in.Query, in.QueryVersion, in.Index}
		if err := s.commit(c, record{kind: kindGroup, fields: f}); err != nil {
			return nil, err
		}
		g = r.groups[c.key]
	}
	return struct {
		Name         string `json:"thingGroupName"`
		ARN          string `json:"thingGroupArn"`
		ID           string `json:"thingGroupId"`
		Index        string `json:"indexName,omitempty"`
		Query        string `json:"queryString,omitempty"`
		QueryVersion string `json:"queryVersion,omitempty"`
	}{g.name, g.arn(r), g.id.String(), g.index, g.query, g.queryForm}, nil
}

func roomBelow(parent *group) error {
	if parent == nil {
		return nil
	}
	switch {
	case parent.dynamic():
		return invalid("The dynamic thing group %s cannot be a parent", parent.name)
	case len(parent.ancestors())+2 > maxGroupDepth:
		return invalid("The hierarchy of thing group %s has the maximum depth of %d", parent.name, maxGroupDepth)
	case parent.children.len() >= maxGroupChildren:
		return invalid("Thing group %s has the maximum number of children (%d)", parent.name, maxGroupChildren)
	}
	return nil
}

func describeThingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, err := s.group(c.key)
	if err != nil {
		return nil, err
	}
	type metadata struct {
		Parent   string     `json:"parentGroupName,omitempty"`
		Path     []groupRef `json:"rootToParentThingGroups,omitempty"`
		Creation epoch      `json:"creationDate"`
	}
	meta := metadata{Creation: epoch(g.created)}
	for _, a := range g.ancestors() {
		meta.Parent = a.name
		meta.Path = append(meta.Path, a.ref(s.registry))
	}
	out := struct {
		Name         string          `json:"thingGroupName"`
		ID           string          `json:"thingGroupId"`
		ARN          string          `json:"thingGroupArn"`
		Version      int64           `json:"version"`
		Properties   json.RawMessage `json:"thingGroupProperties"`
		Metadata     metadata        `json:"thingGroupMetadata"`
		Index        string          `json:"indexName,omitempty"`
		Query        string          `json:"queryString,omitempty"`
		QueryVersion string          `json:"queryVersion,omitempty"`
		Status       string          `json:"status,omitempty"`
	}{g.name, g.id.String(), g.arn(s.registry), 1, json.RawMessage(g.properties), meta, g.index, g.query, g.queryForm, ""}
	if g.dynamic() {
		out.Status = "ACTIVE"
	}
	return out, nil
}

type groupPage struct {
	Groups    []groupRef `json:"thingGroups"`
	NextToken string     `json:"nextToken,omitempty"`
}

func listThingGroups(s *Server, c *call) (any, error) {
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	prefix, under, recursive := c.query("namePrefixFilter"), c.query("parentGroup"), c.query("recursive")
	s.mu.RLock()
	defer s.mu.RUnlock()
	groups := s.registry.groupList.all(present, p.after, false)
	rootsOnly := under == "" && recursive == "false"
	if under != "" {
		parent, err := s.group(under)
		if err != nil {
			return nil, err
		}
		groups = parent.descendants(recursive != "false", p.after)
	}
	items, next := collect(groups, p.size, func(g *group) (groupRef, bool) {
		return g.ref(s.registry), strings.HasPrefix(g.name, prefix) && (!rootsOnly || g.parent == nil)
	})
	return groupPage{items, next}, nil
}

// descendants yields the groups below, in the order of their creation.
func (g *group) descendants(recursive bool, after uint64) iter.Seq2[uint64, *group] {
	lists := []iter.Seq2[uint64, *group]{g.children.all(present, after, false)}
	if recursive {
		for _, below := range g.below()[1:] {
			lists = append(lists, below.children.all(present, after, false))
		}
	}
	return merge(lists)
}

// below is a group and all groups under it.
func (g *group) below() []*group {
	all := []*group{g}
	for i := 0; i < len(all); i++ {
		for _, child := range all[i].children.all(present, 0, false) {
			all = append(all, child)
		}
	}
	return all
}

// deleteThingGroup serves static and dynamic groups alike, as DeleteThingGroup
// and DeleteDynamicThingGroup. A group that is not there is deleted already: the
// operation has no error for it.
func deleteThingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	if err := checkName("thingGroupName", c.key, namePattern); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.registry.groups[c.key]
	expected := c.query("expectedVersion")
	switch {
	case g == nil:
		return nil, nil
	case expected != "" && expected != "1":
		return nil, versionConflict("thing group", g.name)
	case g.children.len() > 0:
		return nil, invalid("Cannot delete thing group : %s when there are still child groups attached to it", g.name)
	}
	return nil, s.commit(c, record{kind: kindGroupGone, fields: []string{g.name}})
}
