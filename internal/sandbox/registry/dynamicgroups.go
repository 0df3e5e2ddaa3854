package registry

import (
	"cmp"
	"iter"
)

// maxDynamicGroups is the limit of AWS for one account.
const maxDynamicGroups = 100

// DynamicQuery selects the members of a dynamic group.
type DynamicQuery struct {
	Index   string `json:"indexName,omitempty"`
	Query   string `json:"queryString,omitempty"`
	Version string `json:"queryVersion,omitempty"`
}

func (g *group) dynamicQuery() DynamicQuery { return DynamicQuery{g.index, g.query, g.queryForm} }

// selectBy sets the query of a dynamic group. Earlier versions kept queries that they could not read; such a group has no members.
func (g *group) selectBy(by DynamicQuery) {
	g.index, g.query, g.queryForm, g.matches = by.Index, by.Query, by.Version, nil
	if q, err := parseQuery(by.Query); err == nil {
		g.matches = q
	}
}

func (g *group) dynamic() bool { return g.query != "" }

// selects reports whether a thing is in a dynamic group.
func (g *group) selects(st *State, t *thing) bool { return g.matches != nil && g.matches(t.fields(st)) }

// CreateDynamicThingGroup are the parameters of [State.CreateDynamicThingGroup].
type CreateDynamicThingGroup struct {
	ByName
	Properties GroupProperties `json:"thingGroupProperties"`
	Tags       []Tag           `json:"tags"`
	DynamicQuery
}

// CreateDynamicThingGroup adds a dynamic thing group. Its members are the things that match its query at any time.
func (st *State) CreateDynamicThingGroup(in *CreateDynamicThingGroup) (out CreatedGroup, _ []Change, _ error) {
	query, err := st.dynamicQuery(in.DynamicQuery)
	if err != nil {
		return out, nil, err
	}
	return st.createGroup(&CreateThingGroup{ByName: in.ByName, Properties: in.Properties, Tags: in.Tags}, query)
}

// UpdateDynamicThingGroup are the parameters of [State.UpdateDynamicThingGroup].
type UpdateDynamicThingGroup struct {
	UpdateThingGroup
	DynamicQuery
}

// UpdateDynamicThingGroup changes the properties and, if one is given, the query of a dynamic thing group. It returns its new
// version under the name "version".
func (st *State) UpdateDynamicThingGroup(in *UpdateDynamicThingGroup) (map[string]int64, []Change, error) {
	g, err := st.group(in.Name)
	if err != nil {
		return nil, nil, err
	}
	if !g.dynamic() {
		return nil, nil, Invalid("%s is not a dynamic thing group", g.name)
	}
	if in.Query == "" {
		in.DynamicQuery = g.dynamicQuery()
	}
	query, err := st.dynamicQuery(in.DynamicQuery)
	if err != nil {
		return nil, nil, err
	}
	return st.updateGroup(&in.UpdateThingGroup, query)
}

// dynamicQuery checks a query and completes it with the defaults.
func (st *State) dynamicQuery(in DynamicQuery) (DynamicQuery, error) {
	in.Index, in.Version = cmp.Or(in.Index, thingIndex), cmp.Or(in.Version, queryVersion)
	switch {
	case in.Index != thingIndex:
		return in, notFound("Index %s does not exist", Shorten(in.Index))
	case in.Version != queryVersion:
		return in, Invalid("Invalid queryVersion: %s", Shorten(in.Version))
	case !st.indexing.thingsIndexed(st.strict):
		return in, Invalid("Thing indexing must be enabled to use dynamic thing groups")
	}
	_, err := parseQuery(in.Query)
	return in, err
}

// DeleteDynamicThingGroup deletes a dynamic thing group. A missing group is not an error: AWS documents none for it.
func (st *State) DeleteDynamicThingGroup(in *Deletion) ([]Change, error) {
	if g := st.groups.by[in.Name]; g != nil && !g.dynamic() {
		return nil, Invalid("%s is not a dynamic thing group", g.name)
	}
	return st.DeleteThingGroup(in)
}

// dynamicMembers yields the things in a dynamic group.
func (st *State) dynamicMembers(g *group, v view, p page) iter.Seq2[uint64, *thing] {
	return func(yield func(uint64, *thing) bool) {
		for seq, t := range st.things.order.all(v, p) {
			if g.selects(st, t) && !yield(seq, t) {
				return
			}
		}
	}
}

// dynamicGroupsOf yields the dynamic groups that a thing is in.
func (st *State) dynamicGroupsOf(t *thing, p page) iter.Seq2[uint64, *group] {
	return func(yield func(uint64, *group) bool) {
		for seq, g := range st.dynamicGroups.all(present, p) {
			if g.selects(st, t) && !yield(seq, g) {
				return
			}
		}
	}
}
