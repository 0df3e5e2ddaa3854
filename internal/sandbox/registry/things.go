package registry

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// A ThingRef names a thing.
type ThingRef struct {
	Name string `json:"thingName"`
	ARN  string `json:"thingArn"`
	ID   string `json:"thingId"`
}

func (t *thing) ref(st *State) ThingRef {
	return ThingRef{t.name, st.arn("thing", t.name), t.id.String()}
}

// usableType returns the type for a thing, or nil if name is empty. Purpose is for the message.
func (st *State) usableType(name, purpose string) (*thingType, error) {
	if name == "" {
		return nil, nil
	}
	t, err := st.thingType(name)
	if err == nil && t.deprecated != 0 {
		return nil, Invalid("Can not %s:%s", purpose, name)
	}
	return t, err
}

// CreateThing are the parameters of [State.CreateThing].
type CreateThing struct {
	ByName
	Type         string            `json:"thingTypeName"`
	Payload      *AttributePayload `json:"attributePayload"`
	BillingGroup string            `json:"billingGroupName"`
}

// CreateThing adds a thing. Repeating it changes nothing, even if its type has been deprecated
// since.
func (st *State) CreateThing(in *CreateThing) (out ThingRef, _ []Change, _ error) {
	if err := checkName(thingKind, in.Name); err != nil {
		return out, nil, err
	}
	attributes, err := in.Payload.update(nil)
	if err != nil {
		return out, nil, err
	}
	if old := st.things.by[in.Name]; old != nil {
		return old.ref(st), nil, old.checkRepetition(st, in, attributes)
	}
	// "depreated" is AWS's own spelling.
	kind, err := st.usableType(in.Type, "create new thing with depreated thing type")
	if err != nil {
		return out, nil, err
	}
	if err := checkAttributes(attributes, kind != nil); err != nil {
		return out, nil, err
	}
	added := &ThingAdded{Name: in.Name, ID: uuid.New(), ThingDetails: ThingDetails{1, in.Type, attributes}}
	changes := []Change{added}
	if in.BillingGroup != "" {
		if _, err := st.billingGroup(in.BillingGroup); err != nil {
			return out, nil, err
		}
		changes = append(changes, &Billed{in.BillingGroup, in.Name})
	}
	return ThingRef{in.Name, st.arn("thing", in.Name), added.ID.String()}, changes, nil
}

func (t *thing) checkRepetition(st *State, in *CreateThing, attributes []Attribute) error {
	var different string
	switch {
	case !slices.Equal(t.attributes, attributes):
		different = "attributes"
	case t.kind.title() != in.Type:
		different = "thing type"
	case t.billing.title() != in.BillingGroup:
		different = "billing group"
	default:
		return nil
	}
	ref := t.ref(st)
	return exists(ref.ID, ref.ARN, "Thing %s already exists in account with different %s", t.name, different)
}

// A ThingDescription describes a thing.
type ThingDescription struct {
	ThingRef
	DefaultClientID string            `json:"defaultClientId"`
	Type            string            `json:"thingTypeName,omitempty"`
	Attributes      map[string]string `json:"attributes"`
	Version         int64             `json:"version"`
	BillingGroup    string            `json:"billingGroupName,omitempty"`
}

// DescribeThing returns a thing.
func (st *State) DescribeThing(in *ByName) (out ThingDescription, err error) {
	t, err := st.thing(in.Name)
	if err != nil {
		return out, err
	}
	return ThingDescription{t.ref(st), t.name, t.kind.title(), attributeMap(t.attributes), t.version, t.billing.title()}, nil
}

// UpdateThing are the parameters of [State.UpdateThing].
type UpdateThing struct {
	ByName
	Type            string            `json:"thingTypeName"`
	Payload         *AttributePayload `json:"attributePayload"`
	ExpectedVersion *int64            `json:"expectedVersion"`
	RemoveType      bool              `json:"removeThingType"`
}

// UpdateThing sets type and attributes of a thing.
func (st *State) UpdateThing(in *UpdateThing) ([]Change, error) {
	t, err := st.thing(in.Name)
	switch {
	case err != nil:
		return nil, err
	case in.ExpectedVersion != nil && *in.ExpectedVersion != t.version:
		return nil, versionConflict("thing", t.name)
	case in.RemoveType && in.Type != "":
		return nil, Invalid("thingTypeName and removeThingType cannot both be given")
	}
	kind := t.kind
	switch {
	case in.RemoveType:
		kind = nil
	case in.Type != "":
		if kind, err = st.usableType(in.Type, "update a thing to use deprecated thing type"); err != nil {
			return nil, err
		}
	}
	attributes, err := in.Payload.update(t.attributes)
	if err != nil {
		return nil, err
	}
	if err := checkAttributes(attributes, kind != nil); err != nil {
		return nil, err
	}
	return []Change{&ThingUpdated{t.name, ThingDetails{t.version + 1, kind.title(), attributes}}}, nil
}

// DeleteThing deletes a thing that has no principals. A missing thing is not an error: AWS
// documents none for it.
func (st *State) DeleteThing(in *Deletion) ([]Change, error) {
	t := st.things.by[in.Name]
	switch {
	case t == nil:
		return nil, nil
	case in.ExpectedVersion != "" && in.ExpectedVersion != strconv.FormatInt(t.version, 10):
		return nil, versionConflict("thing", t.name)
	case stillAttached(st, &t.principals):
		return nil, Invalid("Cannot delete. Thing %s is still attached to one or more principals", t.name)
	}
	return []Change{&ThingRemoved{t.name}}, nil
}

// ListThings are the parameters of [State.ListThings].
type ListThings struct {
	ByToken
	Type      string `json:"-" query:"thingTypeName"`
	Attribute string `json:"-" query:"attributeName"`
	Value     string `json:"-" query:"attributeValue"`
	Prefix    string `json:"-" query:"usePrefixAttributeValue"`
}

// A ThingSummary is an item in the list of things.
type ThingSummary struct {
	Name       string            `json:"thingName"`
	Type       string            `json:"thingTypeName,omitempty"`
	ARN        string            `json:"thingArn"`
	Attributes map[string]string `json:"attributes"`
	Version    int64             `json:"version"`
}

// ListThings lists all things, or those of one type or with one attribute.
func (st *State) ListThings(in *ListThings) (out Page[ThingSummary], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.things.order.all(st.lagging(), p), p, func(t *thing) (out ThingSummary, ok bool) {
		if in.Type != "" && t.kind.title() != in.Type || in.Attribute != "" && !t.hasAttribute(in.Attribute, in.Value, in.Prefix == "true") {
			return out, false
		}
		return ThingSummary{t.name, t.kind.title(), st.arn("thing", t.name), attributeMap(t.attributes), t.version}, true
	}), nil
}

func (t *thing) hasAttribute(name, value string, prefix bool) bool {
	i, ok := slices.BinarySearchFunc(t.attributes, Attribute{Name: name}, byName)
	return ok && (t.attributes[i].Value == value || prefix && strings.HasPrefix(t.attributes[i].Value, value))
}

// ThingDetails are the parts of a thing that an update changes.
type ThingDetails struct {
	Version    int64       `json:"version"`
	Type       string      `json:"type,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"`
}

func (d *ThingDetails) applyTo(t *thing, st *State) bool {
	to := st.types.by[d.Type]
	if d.Type != "" && to == nil {
		return false
	}
	if t.kind != nil {
		t.kind.things--
	}
	if t.kind = to; to != nil {
		to.things++
	}
	t.version = d.Version
	t.attributes = slices.Clone(d.Attributes)
	for i := range t.attributes {
		t.attributes[i].Name = st.sharedName(t.attributes[i].Name)
	}
	slices.SortFunc(t.attributes, byName)
	return true
}

// sharedName returns a shared copy of an attribute's name. The number of copies is limited, so
// that names that never repeat do not fill the memory.
func (st *State) sharedName(s string) string {
	if kept, ok := st.names[s]; ok {
		return kept
	}
	if len(st.names) < 10_000 {
		st.names[s] = s
	}
	return s
}

// ThingAdded is a [Change].
type ThingAdded struct {
	Name string    `json:"name"`
	ID   uuid.UUID `json:"id"`
	ThingDetails
}

func (a *ThingAdded) apply(st *State, at stamp) bool {
	t := &thing{name: a.Name, id: a.ID, seq: at.seq}
	if st.things.by[t.name] != nil || !a.applyTo(t, st) {
		return false
	}
	st.things.add(t.name, t.seq, t)
	return true
}

// ThingUpdated is a [Change].
type ThingUpdated struct {
	Name string `json:"name"`
	ThingDetails
}

func (a *ThingUpdated) apply(st *State, _ stamp) bool {
	t := st.things.by[a.Name]
	return t != nil && a.applyTo(t, st)
}

// ThingRemoved is a [Change].
type ThingRemoved named

func (a *ThingRemoved) apply(st *State, at stamp) bool {
	t := st.things.by[a.Name]
	if t == nil || t.principals.len() > 0 {
		return false
	}
	for seq, g := range t.groups.now() {
		drop(&st.lag, &g.members, seq, at.at)
	}
	if t.billing != nil {
		drop(&st.lag, &t.billing.members, t.billingSeq, at.at)
	}
	if t.kind != nil {
		t.kind.things--
	}
	delete(st.things.by, t.name)
	delete(st.connections, t.name)
	drop(&st.lag, &st.things.order, t.seq, at.at)
	return true
}
