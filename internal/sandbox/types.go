package sandbox

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
)

// typeDeleteDelay is how long a thing type stays after its deprecation. It is
// kept only if strict: it would make every rehearsal five minutes longer.
const typeDeleteDelay = 5 * time.Minute

type typeProperties struct {
	Description string          `json:"thingTypeDescription,omitempty"`
	Searchable  []string        `json:"searchableAttributes,omitempty"`
	MQTT5       json.RawMessage `json:"mqtt5Configuration,omitempty"`
}

type typeRef struct {
	Name string `json:"thingTypeName"`
	ARN  string `json:"thingTypeArn"`
}

func (t *thingType) ref(r *registry) typeRef { return typeRef{t.name, r.arn("thingtype", t.name)} }

type typeMetadata struct {
	Deprecated      bool   `json:"deprecated"`
	DeprecationDate *epoch `json:"deprecationDate,omitempty"`
	CreationDate    epoch  `json:"creationDate"`
}

func (t *thingType) metadata() typeMetadata {
	m := typeMetadata{CreationDate: epoch(t.created), Deprecated: t.deprecated != 0}
	if m.Deprecated {
		m.DeprecationDate = (*epoch)(&t.deprecated)
	}
	return m
}

func (s *Server) thingType(name string) (*thingType, error) {
	if err := checkName("thingTypeName", name, namePattern); err != nil {
		return nil, err
	}
	if t := s.registry.types[name]; t != nil {
		return t, nil
	}
	return nil, notFound("Thing type %s does not exist", name)
}

func createThingType(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Properties typeProperties `json:"thingTypeProperties"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkName("thingTypeName", c.key, namePattern); err != nil {
		return nil, err
	}
	if err := checkDescription("thingTypeProperties.thingTypeDescription", in.Properties.Description); err != nil {
		return nil, err
	}
	if n := len(in.Properties.Searchable); n > maxSearchableAttributes {
		return nil, invalid("Number of searchable attributes %d exceeds the limit of %d", n, maxSearchableAttributes)
	}
	for _, name := range in.Properties.Searchable {
		if err := checkAttribute(name, ""); err != nil {
			return nil, err
		}
	}
	properties := string(marshal(in.Properties))
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.registry.types[c.key]
	switch {
	case old == nil:
		rec := record{kind: kindType, fields: []string{c.key, uuid.NewString(), properties, "0"}}
		if err := s.commit(c, rec); err != nil {
			return nil, err
		}
		old = s.registry.types[c.key]
	case old.properties != properties:
		return nil, exists(old.id.String(), old.ref(s.registry).ARN, "Thing type %s already exists in account with different properties", old.name)
	}
	return struct {
		typeRef
		ID string `json:"thingTypeId"`
	}{old.ref(s.registry), old.id.String()}, nil
}

func describeThingType(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.thingType(c.key)
	if err != nil {
		return nil, err
	}
	return struct {
		typeRef
		ID         string          `json:"thingTypeId"`
		Properties json.RawMessage `json:"thingTypeProperties"`
		Metadata   typeMetadata    `json:"thingTypeMetadata"`
	}{t.ref(s.registry), t.id.String(), json.RawMessage(t.properties), t.metadata()}, nil
}

func listThingTypes(s *Server, c *call) (any, error) {
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	type summary struct {
		typeRef
		Properties json.RawMessage `json:"thingTypeProperties"`
		Metadata   typeMetadata    `json:"thingTypeMetadata"`
	}
	name := c.query("thingTypeName")
	s.mu.RLock()
	defer s.mu.RUnlock()
	items, next := collect(s.registry.typeList.all(present, p.after, false), p.size, func(t *thingType) (summary, bool) {
		return summary{t.ref(s.registry), json.RawMessage(t.properties), t.metadata()}, strings.HasPrefix(t.name, name)
	})
	return struct {
		Types     []summary `json:"thingTypes"`
		NextToken string    `json:"nextToken,omitempty"`
	}{items, next}, nil
}

func deprecateThingType(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Undo bool `json:"undoDeprecate"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thingType(c.key)
	if err != nil {
		return nil, err
	}
	if in.Undo == (t.deprecated == 0) {
		return nil, nil
	}
	date := "0"
	if !in.Undo {
		date = decimal(time.Now().UnixMilli())
	}
	return nil, s.commit(c, record{kind: kindTypeDeprecated, fields: []string{t.name, date}})
}

func deleteThingType(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.thingType(c.key)
	switch {
	case err != nil:
		return nil, err
	case t.deprecated == 0:
		return nil, invalid("Can not delete thing type : %s. The thing type has to be deprecated first", t.name)
	case c.strict && time.Since(time.UnixMilli(t.deprecated)) < typeDeleteDelay:
		return nil, invalid("Can not delete thing type : %s. Please wait for 5 minutes after deprecation and then retry", t.name)
	case t.things > 0:
		return nil, invalid("Can not delete thing type : %s. Things are still associated with it", t.name)
	}
	return nil, s.commit(c, record{kind: kindTypeGone, fields: []string{t.name}})
}
