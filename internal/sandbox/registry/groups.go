package registry

import (
	"cmp"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A GroupRef names a thing group or a billing group.
type GroupRef struct {
	Name string `json:"groupName"`
	ARN  string `json:"groupArn"`
}

func (g *group) arn(st *State) string { return st.arn("thinggroup", g.name) }

func (g *group) ref(st *State) GroupRef { return GroupRef{g.name, g.arn(st)} }

func (g *group) dynamic() bool { return g.query != "" }

// ancestors returns the groups above g, the root first.
func (g *group) ancestors() []*group {
	var above []*group
	for g = g.parent; g != nil; g = g.parent {
		above = append(above, g)
	}
	slices.Reverse(above)
	return above
}

// below returns g and all groups under it.
func (g *group) below() []*group {
	all := []*group{g}
	for i := 0; i < len(all); i++ {
		for _, child := range all[i].children.now() {
			all = append(all, child)
		}
	}
	return all
}

// GroupProperties is the member thingGroupProperties.
type GroupProperties struct {
	Description string            `json:"thingGroupDescription"`
	Payload     *AttributePayload `json:"attributePayload"`
}

// canonical returns the stored form of a group's properties. Equal properties have the same
// form.
func (p *GroupProperties) canonical() (string, error) {
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
		out["attributePayload"] = map[string]any{"attributes": attributeMap(attributes)}
	}
	return document(out), nil
}

// CreateThingGroup are the parameters of [State.CreateThingGroup].
type CreateThingGroup struct {
	ByName
	Parent     string          `json:"parentGroupName"`
	Properties GroupProperties `json:"thingGroupProperties"`
}

// CreateDynamicThingGroup are the parameters of [State.CreateDynamicThingGroup].
type CreateDynamicThingGroup struct {
	ByName
	Properties GroupProperties `json:"thingGroupProperties"`
	DynamicQuery
}

// DynamicQuery selects the members of a dynamic group.
type DynamicQuery struct {
	Index   string `json:"indexName,omitempty"`
	Query   string `json:"queryString,omitempty"`
	Version string `json:"queryVersion,omitempty"`
}

func (g *group) dynamicQuery() DynamicQuery { return DynamicQuery{g.index, g.query, g.queryForm} }

// A CreatedGroup is the answer to the operations that create a thing group.
type CreatedGroup struct {
	Name string `json:"thingGroupName"`
	ARN  string `json:"thingGroupArn"`
	ID   string `json:"thingGroupId"`
	DynamicQuery
}

// CreateThingGroup adds a static thing group. Repeating it changes nothing.
func (st *State) CreateThingGroup(in *CreateThingGroup) (CreatedGroup, []Change, error) {
	return st.createGroup(in, DynamicQuery{})
}

// CreateDynamicThingGroup adds a dynamic thing group. It stores the query but never runs it:
// dynamic groups exist so that callers can be tested with them.
func (st *State) CreateDynamicThingGroup(in *CreateDynamicThingGroup) (out CreatedGroup, _ []Change, _ error) {
	if in.Query == "" {
		return out, nil, failed("", "queryString", "Member must have length greater than or equal to 1")
	}
	query := DynamicQuery{cmp.Or(in.Index, "AWS_Things"), in.Query, cmp.Or(in.Version, "2017-09-30")}
	return st.createGroup(&CreateThingGroup{ByName: in.ByName, Properties: in.Properties}, query)
}

func (st *State) createGroup(in *CreateThingGroup, query DynamicQuery) (out CreatedGroup, _ []Change, _ error) {
	if err := checkName(groupKind, in.Name); err != nil {
		return out, nil, err
	}
	properties, err := in.Properties.canonical()
	if err != nil {
		return out, nil, err
	}
	var parent *group
	if in.Parent != "" {
		if parent, err = st.group(in.Parent); err != nil {
			return out, nil, err
		}
	}
	out = CreatedGroup{in.Name, st.arn("thinggroup", in.Name), "", query}
	if g := st.groups.by[in.Name]; g != nil {
		out.ID, out.Index = g.id.String(), g.index
		if g.parent != parent || g.properties != properties || g.query != query.Query || g.queryForm != query.Version {
			return out, nil, exists(out.ID, out.ARN, "Thing group %s already exists in account with different properties", g.name)
		}
		return out, nil, nil
	}
	if parent != nil {
		if err := parent.checkRoom(); err != nil {
			return out, nil, err
		}
	}
	added := &GroupAdded{in.Name, uuid.New(), in.Parent, json.RawMessage(properties), query}
	out.ID = added.ID.String()
	return out, []Change{added}, nil
}

// checkRoom checks whether a parent may have another child.
func (g *group) checkRoom() error {
	switch {
	case g.dynamic():
		return Invalid("The dynamic thing group %s cannot be a parent", g.name)
	case len(g.ancestors())+2 > maxGroupDepth:
		return Invalid("The hierarchy of thing group %s has the maximum depth of %d", g.name, maxGroupDepth)
	case g.children.len() >= maxGroupChildren:
		return Invalid("Thing group %s has the maximum number of children (%d)", g.name, maxGroupChildren)
	}
	return nil
}

// A GroupDescription describes a thing group.
type GroupDescription struct {
	Name       string          `json:"thingGroupName"`
	ID         string          `json:"thingGroupId"`
	ARN        string          `json:"thingGroupArn"`
	Version    int64           `json:"version"`
	Properties json.RawMessage `json:"thingGroupProperties"`
	Metadata   GroupMetadata   `json:"thingGroupMetadata"`
	DynamicQuery
	Status string `json:"status,omitempty"`
}

// GroupMetadata describes the place of a group in its hierarchy.
type GroupMetadata struct {
	Parent   string     `json:"parentGroupName,omitempty"`
	Path     []GroupRef `json:"rootToParentThingGroups,omitempty"`
	Creation Epoch      `json:"creationDate"`
}

// DescribeThingGroup returns a thing group.
func (st *State) DescribeThingGroup(in *ByName) (out GroupDescription, err error) {
	g, err := st.group(in.Name)
	if err != nil {
		return out, err
	}
	out = GroupDescription{
		Name: g.name, ID: g.id.String(), ARN: g.arn(st), Version: 1, Properties: json.RawMessage(g.properties),
		Metadata: GroupMetadata{Creation: Epoch(g.created)}, DynamicQuery: g.dynamicQuery(),
	}
	for _, a := range g.ancestors() {
		out.Metadata.Parent = a.name
		out.Metadata.Path = append(out.Metadata.Path, a.ref(st))
	}
	if g.dynamic() {
		out.Status = "ACTIVE"
	}
	return out, nil
}

// ListThingGroups are the parameters of [State.ListThingGroups].
type ListThingGroups struct {
	ByToken
	Prefix    string `json:"-" query:"namePrefixFilter"`
	Parent    string `json:"-" query:"parentGroup"`
	Recursive string `json:"-" query:"recursive"`
}

// ListThingGroups lists thing groups, or only those below a parent if one is given. It is
// recursive unless disabled.
func (st *State) ListThingGroups(in *ListThingGroups) (out Page[GroupRef], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	groups, recursive := st.groups.order.all(present, p), in.Recursive != "false"
	if in.Parent != "" {
		parent, err := st.group(in.Parent)
		if err != nil {
			return out, err
		}
		owners := []*group{parent}
		if recursive {
			owners = parent.below()
		}
		lists := make([]iter.Seq2[uint64, *group], len(owners))
		for i, owner := range owners {
			lists[i] = owner.children.all(present, p)
		}
		groups = merge(lists)
	}
	return collect(groups, p, func(g *group) (GroupRef, bool) {
		return g.ref(st), strings.HasPrefix(g.name, in.Prefix) && (in.Parent != "" || recursive || g.parent == nil)
	}), nil
}

// DeleteThingGroup deletes a static or dynamic thing group that has no child groups. A missing
// group is no error: AWS documents none for it.
func (st *State) DeleteThingGroup(in *Deletion) ([]Change, error) {
	if err := checkName(groupKind, in.Name); err != nil {
		return nil, err
	}
	g := st.groups.by[in.Name]
	switch {
	case g == nil:
		return nil, nil
	case in.ExpectedVersion != "" && in.ExpectedVersion != "1":
		return nil, versionConflict("thing group", g.name)
	case g.children.len() > 0:
		return nil, Invalid("Cannot delete thing group : %s when there are still child groups attached to it", g.name)
	}
	return []Change{&GroupRemoved{g.name}}, nil
}

// GroupAdded is a [Change].
type GroupAdded struct {
	Name       string          `json:"name"`
	ID         uuid.UUID       `json:"id"`
	Parent     string          `json:"parent,omitempty"`
	Properties json.RawMessage `json:"properties"`
	DynamicQuery
}

func (a *GroupAdded) apply(st *State, at stamp) bool {
	g := &group{
		name: a.Name, id: a.ID, seq: at.seq, created: at.at, parent: st.groups.by[a.Parent],
		properties: string(a.Properties), query: a.Query, queryForm: a.Version, index: a.Index,
	}
	if st.groups.by[g.name] != nil || a.Parent != "" && g.parent == nil || !json.Valid(a.Properties) {
		return false
	}
	if g.parent != nil {
		g.parent.children.add(g.seq, g)
	}
	st.groups.add(g.name, g.seq, g)
	return true
}

// GroupRemoved is a [Change].
type GroupRemoved named

func (a *GroupRemoved) apply(st *State, at stamp) bool {
	g := st.groups.by[a.Name]
	if g == nil || g.children.len() > 0 {
		return false
	}
	for seq, t := range g.members.now() {
		drop(&st.lag, &t.groups, seq, at.at)
	}
	for seq, p := range g.policies.now() {
		drop(&st.lag, &p.targets, seq, at.at)
	}
	if g.parent != nil {
		drop(&st.lag, &g.parent.children, g.seq, at.at)
	}
	delete(st.groups.by, g.name)
	drop(&st.lag, &st.groups.order, g.seq, at.at)
	return true
}
