package sandbox

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

type thingRef struct {
	Name string `json:"thingName"`
	ARN  string `json:"thingArn"`
	ID   string `json:"thingId"`
}

func (t *thing) ref(r *registry) thingRef {
	return thingRef{t.name, r.arn("thing", t.name), t.id.String()}
}

// thing finds one by name.
func (s *Server) thing(name string) (*thing, error) {
	if err := checkName("thingName", name, namePattern); err != nil {
		return nil, err
	}
	if t := s.registry.things[name]; t != nil {
		return t, nil
	}
	return nil, notFound("Thing %s does not exist", name)
}

// usableType finds the type that a thing is to get.
func (s *Server) usableType(name, purpose string) (*thingType, error) {
	if name == "" {
		return nil, nil
	}
	t, err := s.thingType(name)
	switch {
	case err != nil:
		return nil, err
	case t.deprecated != 0:
		return nil, invalid("Can not %s:%s", purpose, name)
	}
	return t, nil
}

func createThing(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Type         string            `json:"thingTypeName"`
		Payload      *attributePayload `json:"attributePayload"`
		BillingGroup string            `json:"billingGroupName"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkName("thingName", c.key, namePattern); err != nil {
		return nil, err
	}
	attributes, err := in.Payload.update(nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.registry
	if old := r.things[c.key]; old != nil {
		// A type that was deprecated since is no reason to refuse a repetition.
		return old.ref(r), old.sameAs(r, in.Type, in.BillingGroup, attributes)
	}
	// "depreated" is AWS's own spelling.
	kind, err := s.usableType(in.Type, "create new thing with depreated thing type")
	if err != nil {
		return nil, err
	}
	if err := checkAttributes(attributes, kind != nil); err != nil {
		return nil, err
	}
	records := []record{{kind: kindThing, fields: thingFields(c.key, uuid.NewString(), 1, kind, attributes)}}
	if in.BillingGroup != "" {
		b, err := s.billingGroup(in.BillingGroup)
		if err != nil {
			return nil, err
		}
		records = append(records, record{kind: kindBilled, fields: []string{b.name, c.key}})
	}
	if err := s.commit(c, records...); err != nil {
		return nil, err
	}
	return r.things[c.key].ref(r), nil
}

// sameAs tells a repetition of CreateThing from a conflict.
func (t *thing) sameAs(r *registry, kind, billing string, attributes []attribute) error {
	var different string
	switch {
	case !equal(t.attributes, attributes):
		different = "attributes"
	case t.kind.title() != kind:
		different = "thing type"
	case t.billing.title() != billing:
		different = "billing group"
	default:
		return nil
	}
	ref := t.ref(r)
	return exists(ref.ID, ref.ARN, "Thing %s already exists in account with different %s", t.name, different)
}

func equal(a, b []attribute) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func describeThing(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.thing(c.key)
	if err != nil {
		return nil, err
	}
	return struct {
		thingRef
		DefaultClientID string            `json:"defaultClientId"`
		Type            string            `json:"thingTypeName,omitempty"`
		Attributes      map[string]string `json:"attributes"`
		Version         int64             `json:"version"`
		BillingGroup    string            `json:"billingGroupName,omitempty"`
	}{t.ref(s.registry), t.name, t.kind.title(), t.attributeMap(), t.version, t.billing.title()}, nil
}

func updateThing(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Type            string            `json:"thingTypeName"`
		Payload         *attributePayload `json:"attributePayload"`
		ExpectedVersion *int64            `json:"expectedVersion"`
		RemoveType      bool              `json:"removeThingType"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thing(c.key)
	switch {
	case err != nil:
		return nil, err
	case in.ExpectedVersion != nil && *in.ExpectedVersion != t.version:
		return nil, versionConflict("thing", t.name)
	case in.RemoveType && in.Type != "":
		return nil, invalid("thingTypeName and removeThingType cannot both be given")
	}
	kind := t.kind
	switch {
	case in.RemoveType:
		kind = nil
	case in.Type != "":
		if kind, err = s.usableType(in.Type, "update a thing to use deprecated thing type"); err != nil {
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
	f := appendAttributes([]string{t.name, decimal(t.version + 1), kind.title()}, attributes)
	return nil, s.commit(c, record{kind: kindThingUpdate, fields: f})
}

func deleteThing(s *Server, c *call) (any, error) {
	c.key = c.param
	if err := checkName("thingName", c.key, namePattern); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.registry.things[c.key]
	if t == nil {
		return nil, nil
	}
	if expected := c.query("expectedVersion"); expected != "" && expected != strconv.FormatInt(t.version, 10) {
		return nil, versionConflict("thing", t.name)
	}
	if t.principals.len() > 0 {
		return nil, invalid("Cannot delete. Thing %s is still attached to one or more principals", t.name)
	}
	return nil, s.commit(c, record{kind: kindThingGone, fields: []string{t.name}})
}

func listThings(s *Server, c *call) (any, error) {
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	kind, name, value := c.query("thingTypeName"), c.query("attributeName"), c.query("attributeValue")
	prefix := c.query("usePrefixAttributeValue") == "true"
	type summary struct {
		Name       string            `json:"thingName"`
		Type       string            `json:"thingTypeName,omitempty"`
		ARN        string            `json:"thingArn"`
		Attributes map[string]string `json:"attributes"`
		Version    int64             `json:"version"`
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	show := func(t *thing) (summary, bool) {
		if kind != "" && t.kind.title() != kind {
			return summary{}, false
		}
		if name != "" {
			v, ok := t.attribute(name)
			if !ok || v != value && (!prefix || !strings.HasPrefix(v, value)) {
				return summary{}, false
			}
		}
		return summary{t.name, t.kind.title(), s.registry.arn("thing", t.name), t.attributeMap(), t.version}, true
	}
	items, next := collect(s.registry.thingList.all(s.lagging(), p.after, false), p.size, show)
	return struct {
		Things    []summary `json:"things"`
		NextToken string    `json:"nextToken,omitempty"`
	}{items, next}, nil
}
