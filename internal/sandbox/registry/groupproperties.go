package registry

import "encoding/json"

// GroupProperties is the member thingGroupProperties.
type GroupProperties struct {
	Description *string           `json:"thingGroupDescription"`
	Payload     *AttributePayload `json:"attributePayload"`
}

// storedProperties is the stored form of a group's properties. Equal properties have the same form.
type storedProperties struct {
	Payload     *storedAttributes `json:"attributePayload,omitempty"`
	Description string            `json:"thingGroupDescription,omitempty"`
}

type storedAttributes struct {
	Attributes map[string]string `json:"attributes"`
}

// update returns the stored form of a group's properties after an update of an earlier one. Members that are not given stay.
func (p *GroupProperties) update(stored string) (string, error) {
	var next storedProperties
	if err := json.Unmarshal([]byte(stored), &next); err != nil {
		return "", err
	}
	if p.Description != nil {
		next.Description = *p.Description
	}
	var old []Attribute
	if next.Payload != nil {
		for name, value := range next.Payload.Attributes {
			old = append(old, Attribute{name, value})
		}
	}
	attributes, err := p.Payload.update(old)
	if err != nil {
		return "", err
	}
	if err := checkAttributes(attributes, true); err != nil {
		return "", err
	}
	if next.Payload = nil; len(attributes) > 0 {
		next.Payload = &storedAttributes{attributeMap(attributes)}
	}
	return document(next), nil
}

// UpdateThingGroup are the parameters of [State.UpdateThingGroup].
type UpdateThingGroup struct {
	ByName
	Properties      GroupProperties `json:"thingGroupProperties"`
	ExpectedVersion *int64          `json:"expectedVersion"`
}

// UpdateThingGroup changes the properties of a static thing group, and returns its new version under the name "version".
func (st *State) UpdateThingGroup(in *UpdateThingGroup) (map[string]int64, []Change, error) {
	return st.updateGroup(in, DynamicQuery{})
}

// updateGroup updates a dynamic group if a query is given, and a static one otherwise.
func (st *State) updateGroup(in *UpdateThingGroup, query DynamicQuery) (map[string]int64, []Change, error) {
	g := st.groups.by[in.Name]
	switch {
	case g == nil:
		return nil, nil, notFound("Group %s does not exist", in.Name)
	case g.dynamic() && query.Query == "":
		return nil, nil, Invalid("%s is a dynamic thing group; UpdateDynamicThingGroup updates it", g.name)
	case !g.dynamic() && query.Query != "":
		return nil, nil, Invalid("%s is not a dynamic thing group", g.name)
	case in.ExpectedVersion != nil && *in.ExpectedVersion != g.version:
		return nil, nil, versionConflict("thing group", g.name)
	}
	properties, err := in.Properties.update(g.properties)
	if err != nil {
		return nil, nil, err
	}
	next := &GroupUpdated{g.name, g.version + 1, json.RawMessage(properties), query}
	return map[string]int64{"version": next.GroupVersion}, []Change{next}, nil
}

// GroupUpdated is a [Change].
type GroupUpdated struct {
	Name         string          `json:"name"`
	GroupVersion int64           `json:"version"`
	Properties   json.RawMessage `json:"properties"`
	DynamicQuery
}

func (a *GroupUpdated) apply(st *State, _ stamp) bool {
	g := st.groups.by[a.Name]
	if g == nil || g.dynamic() != (a.Query != "") || !json.Valid(a.Properties) {
		return false
	}
	g.version, g.properties = a.GroupVersion, string(a.Properties)
	g.selectBy(a.DynamicQuery)
	return true
}
