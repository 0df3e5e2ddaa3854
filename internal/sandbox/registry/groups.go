package registry

import (
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

// CreateThingGroup are the parameters of [State.CreateThingGroup].
type CreateThingGroup struct {
	ByName
	Parent     string          `json:"parentGroupName"`
	Properties GroupProperties `json:"thingGroupProperties"`
	Tags       []Tag           `json:"tags"`
}

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

func (st *State) createGroup(in *CreateThingGroup, query DynamicQuery) (out CreatedGroup, _ []Change, _ error) {
	if err := checkName(groupKind, in.Name); err != nil {
		return out, nil, err
	}
	properties, err := in.Properties.update("{}")
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
			return out, nil, exists(out.ID, out.ARN, "Thing Group %s already exists in current account with different properties", g.name)
		}
		return out, nil, nil
	}
	if parent != nil {
		if err := parent.checkRoom(); err != nil {
			return out, nil, err
		}
	}
	if query.Query != "" && st.dynamicGroups.len() >= maxDynamicGroups {
		return out, nil, limitExceeded("The maximum number of dynamic thing groups (%d) exists", maxDynamicGroups)
	}
	added := &GroupAdded{in.Name, uuid.New(), in.Parent, json.RawMessage(properties), query, 1}
	out.ID = added.ID.String()
	changes, err := st.withTags([]Change{added}, "thinggroup/"+in.Name, in.Tags)
	return out, changes, err
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
		Name: g.name, ID: g.id.String(), ARN: g.arn(st), Version: g.version, Properties: json.RawMessage(g.properties),
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
// group is not an error: AWS documents none for it.
func (st *State) DeleteThingGroup(in *Deletion) ([]Change, error) {
	g := st.groups.by[in.Name]
	switch {
	case g == nil:
		return nil, nil
	case !in.expects(g.version):
		return nil, versionConflict("thing group", g.name)
	case g.children.len() > 0:
		return nil, Invalid("Cannot delete thing group : %s when there are still child groups attached to it", g.name)
	}
	return []Change{&GroupRemoved{g.name}}, nil
}

// GroupAdded is a [Change]. Earlier versions wrote no group version, which stands for 1.
type GroupAdded struct {
	Name       string          `json:"name"`
	ID         uuid.UUID       `json:"id"`
	Parent     string          `json:"parent,omitempty"`
	Properties json.RawMessage `json:"properties"`
	DynamicQuery
	GroupVersion int64 `json:"version,omitempty"`
}

func (a *GroupAdded) apply(st *State, at stamp) bool {
	g := &group{
		name: a.Name, id: a.ID, seq: at.seq, created: at.at, parent: st.groups.by[a.Parent],
		properties: string(a.Properties), version: max(a.GroupVersion, 1),
	}
	if st.groups.by[g.name] != nil || a.Parent != "" && g.parent == nil || !json.Valid(a.Properties) {
		return false
	}
	if g.parent != nil {
		g.parent.children.add(g.seq, g)
	}
	g.selectBy(a.DynamicQuery)
	st.groups.add(g.name, g.seq, g)
	if g.dynamic() {
		st.dynamicGroups.add(g.seq, g)
	}
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
	delete(st.tags, "thinggroup/"+g.name)
	drop(&st.lag, &st.groups.order, g.seq, at.at)
	if g.dynamic() {
		drop(&st.lag, &st.dynamicGroups, g.seq, at.at)
	}
	return true
}
