package registry

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// typeDeleteDelay is the time between the deprecation of a thing type and its earliest
// deletion. It applies only if strict, since it would make every rehearsal five minutes longer.
const typeDeleteDelay = 5 * time.Minute

// A TypeRef names a thing type.
type TypeRef struct {
	Name string `json:"thingTypeName"`
	ARN  string `json:"thingTypeArn"`
}

func (t *thingType) ref(st *State) TypeRef { return TypeRef{t.name, st.arn("thingtype", t.name)} }

// TypeMetadata contains the dates of a thing type, and whether it is deprecated.
type TypeMetadata struct {
	Deprecated      bool   `json:"deprecated"`
	DeprecationDate *Epoch `json:"deprecationDate,omitempty"`
	CreationDate    Epoch  `json:"creationDate"`
}

func (t *thingType) metadata() TypeMetadata {
	m := TypeMetadata{CreationDate: Epoch(t.created), Deprecated: t.deprecated != 0}
	if m.Deprecated {
		date := Epoch(t.deprecated)
		m.DeprecationDate = &date
	}
	return m
}

// CreateThingType are the parameters of [State.CreateThingType].
type CreateThingType struct {
	ByName
	Properties TypeProperties `json:"thingTypeProperties"`
	Tags       []Tag          `json:"tags"`
}

// TypeProperties is the member thingTypeProperties.
type TypeProperties struct {
	Description string              `json:"thingTypeDescription,omitempty"`
	Searchable  []string            `json:"searchableAttributes,omitempty"` // a set
	MQTT5       *MQTT5Configuration `json:"mqtt5Configuration,omitempty"`
}

// canonical returns the stored form of a type's properties. Equal properties have the same form.
func (p TypeProperties) canonical() string {
	p.Searchable = slices.Compact(slices.Sorted(slices.Values(p.Searchable)))
	return document(p)
}

// hasProperties compares the properties of a type. Earlier versions stored the searchable
// attributes in any order.
func (t *thingType) hasProperties(canonical string) bool {
	var stored TypeProperties
	return t.properties == canonical || json.Unmarshal([]byte(t.properties), &stored) == nil && stored.canonical() == canonical
}

// MQTT5Configuration names what AWS IoT adds to the messages of things of a type.
type MQTT5Configuration struct {
	Propagating []PropagatingAttribute `json:"propagatingAttributes,omitempty"`
}

// A PropagatingAttribute is an attribute of a thing or of a connection, and the key that it gets
// in messages.
type PropagatingAttribute struct {
	Key                 string `json:"userPropertyKey,omitempty"`
	ThingAttribute      string `json:"thingAttribute,omitempty"`
	ConnectionAttribute string `json:"connectionAttribute,omitempty"`
}

// A CreatedType is the answer to [State.CreateThingType].
type CreatedType struct {
	TypeRef
	ID string `json:"thingTypeId"`
}

// CreateThingType adds a thing type. Repeating it changes nothing.
func (st *State) CreateThingType(in *CreateThingType) (out CreatedType, _ []Change, _ error) {
	if err := checkName(typeKind, in.Name); err != nil {
		return out, nil, err
	}
	if n := len(in.Properties.Searchable); n > maxSearchableAttributes {
		return out, nil, Invalid("Number of searchable attributes %d exceeds the limit of %d", n, maxSearchableAttributes)
	}
	if mqtt5 := in.Properties.MQTT5; mqtt5 != nil && len(mqtt5.Propagating) > maxPropagatingAttributes {
		return out, nil, Invalid("Number of propagating attributes %d exceeds the limit of %d", len(mqtt5.Propagating), maxPropagatingAttributes)
	}
	properties := in.Properties.canonical()
	old := st.types.by[in.Name]
	if old == nil {
		added := &TypeAdded{Name: in.Name, ID: uuid.New(), Properties: json.RawMessage(properties)}
		changes, err := st.withTags([]Change{added}, "thingtype/"+in.Name, in.Tags)
		return CreatedType{TypeRef{in.Name, st.arn("thingtype", in.Name)}, added.ID.String()}, changes, err
	}
	out = CreatedType{old.ref(st), old.id.String()}
	if !old.hasProperties(properties) {
		return out, nil, exists(out.ID, out.ARN, "Thing type %s already exists in account with different properties", old.name)
	}
	return out, nil, nil
}

// A TypeDescription describes a thing type.
type TypeDescription struct {
	TypeRef
	ID string `json:"thingTypeId"`
	typeDetails
}

type typeDetails struct {
	Properties json.RawMessage `json:"thingTypeProperties"`
	Metadata   TypeMetadata    `json:"thingTypeMetadata"`
}

func (t *thingType) details() typeDetails {
	return typeDetails{json.RawMessage(t.properties), t.metadata()}
}

// DescribeThingType returns a thing type.
func (st *State) DescribeThingType(in *ByName) (out TypeDescription, err error) {
	t, err := st.thingType(in.Name)
	if err != nil {
		return out, err
	}
	return TypeDescription{t.ref(st), t.id.String(), t.details()}, nil
}

// ListThingTypes are the parameters of [State.ListThingTypes]. Prefix is a prefix of names.
type ListThingTypes struct {
	ByToken
	Prefix string `json:"-" query:"thingTypeName"`
}

// A TypeSummary is an item in the list of thing types.
type TypeSummary struct {
	TypeRef
	typeDetails
}

// ListThingTypes lists thing types.
func (st *State) ListThingTypes(in *ListThingTypes) (out Page[TypeSummary], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.types.order.all(present, p), p, func(t *thingType) (TypeSummary, bool) {
		return TypeSummary{t.ref(st), t.details()}, strings.HasPrefix(t.name, in.Prefix)
	}), nil
}

// DeprecateThingType are the parameters of [State.DeprecateThingType].
type DeprecateThingType struct {
	ByName
	Undo bool `json:"undoDeprecate"`
}

// DeprecateThingType makes a thing type unusable for new things, or usable again.
func (st *State) DeprecateThingType(in *DeprecateThingType) ([]Change, error) {
	t, err := st.thingType(in.Name)
	if err != nil || in.Undo == (t.deprecated == 0) {
		return nil, err
	}
	change := &TypeDeprecated{Name: t.name}
	if !in.Undo {
		change.Date = time.Now().UnixMilli()
	}
	return []Change{change}, nil
}

// DeleteThingType deletes a thing type that is deprecated and not in use.
func (st *State) DeleteThingType(in *ByName) ([]Change, error) {
	t, err := st.thingType(in.Name)
	if err != nil {
		return nil, err
	}
	var reason string
	switch {
	case t.deprecated == 0:
		reason = "The thing type has to be deprecated first"
	case st.strict && time.Since(time.UnixMilli(t.deprecated)) < typeDeleteDelay:
		reason = "Please wait for 5 minutes after deprecation and then retry"
	case t.things > 0:
		reason = "Things are still associated with it"
	default:
		return []Change{&TypeRemoved{t.name}}, nil
	}
	return nil, Invalid("Can not delete thing type : %s. %s", t.name, reason)
}

// TypeAdded is a [Change]. Deprecated is zero in a new type.
type TypeAdded struct {
	Name       string          `json:"name"`
	ID         uuid.UUID       `json:"id"`
	Properties json.RawMessage `json:"properties"`
	Deprecated int64           `json:"deprecated,omitempty"`
}

func (a *TypeAdded) apply(st *State, at stamp) bool {
	if st.types.by[a.Name] != nil || !json.Valid(a.Properties) {
		return false
	}
	t := &thingType{name: a.Name, id: a.ID, seq: at.seq, created: at.at, properties: string(a.Properties), deprecated: a.Deprecated}
	st.types.add(t.name, t.seq, t)
	return true
}

// TypeDeprecated is a [Change]. Date is zero if the deprecation is undone.
type TypeDeprecated struct {
	Name string `json:"name"`
	Date int64  `json:"date,omitempty"`
}

func (a *TypeDeprecated) apply(st *State, _ stamp) bool {
	t := st.types.by[a.Name]
	if t == nil {
		return false
	}
	t.deprecated = a.Date
	return true
}

// TypeRemoved is a [Change].
type TypeRemoved named

func (a *TypeRemoved) apply(st *State, at stamp) bool {
	t := st.types.by[a.Name]
	if t == nil || t.things > 0 {
		return false
	}
	delete(st.types.by, t.name)
	delete(st.tags, "thingtype/"+t.name)
	drop(&st.lag, &st.types.order, t.seq, at.at)
	return true
}
