package sandbox

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"
)

func (b *billingGroup) arn(r *registry) string { return r.arn("billinggroup", b.name) }

// title is the name of a billing group, empty for none.
func (b *billingGroup) title() string {
	if b == nil {
		return ""
	}
	return b.name
}

func (s *Server) billingGroup(name string) (*billingGroup, error) {
	if err := checkName("billingGroupName", name, namePattern); err != nil {
		return nil, err
	}
	if b := s.registry.billingGroups[name]; b != nil {
		return b, nil
	}
	return nil, notFound("Billing group %s does not exist", name)
}

func createBillingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	var in struct {
		Properties struct {
			Description string `json:"billingGroupDescription,omitempty"`
		} `json:"billingGroupProperties"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkName("billingGroupName", c.key, namePattern); err != nil {
		return nil, err
	}
	if err := checkDescription("billingGroupProperties.billingGroupDescription", in.Properties.Description); err != nil {
		return nil, err
	}
	properties := string(marshal(in.Properties))
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.registry
	b := r.billingGroups[c.key]
	switch {
	case b == nil:
		if err := s.commit(c, record{kind: kindBillingGroup, fields: []string{c.key, uuid.NewString(), properties}}); err != nil {
			return nil, err
		}
		b = r.billingGroups[c.key]
	case b.properties != properties:
		return nil, exists(b.id.String(), b.arn(r), "Billing group %s already exists in account with different properties", b.name)
	}
	return struct {
		Name string `json:"billingGroupName"`
		ARN  string `json:"billingGroupArn"`
		ID   string `json:"billingGroupId"`
	}{b.name, b.arn(r), b.id.String()}, nil
}

func describeBillingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.billingGroup(c.key)
	if err != nil {
		return nil, err
	}
	return struct {
		Name       string           `json:"billingGroupName"`
		ARN        string           `json:"billingGroupArn"`
		ID         string           `json:"billingGroupId"`
		Version    int64            `json:"version"`
		Properties json.RawMessage  `json:"billingGroupProperties"`
		Metadata   map[string]epoch `json:"billingGroupMetadata"`
	}{b.name, b.arn(s.registry), b.id.String(), 1, json.RawMessage(b.properties), map[string]epoch{"creationDate": epoch(b.created)}}, nil
}

func listBillingGroups(s *Server, c *call) (any, error) {
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	prefix := c.query("namePrefixFilter")
	s.mu.RLock()
	defer s.mu.RUnlock()
	items, next := collect(s.registry.billingGroupList.all(present, p.after, false), p.size, func(b *billingGroup) (groupRef, bool) {
		return groupRef{b.name, b.arn(s.registry)}, strings.HasPrefix(b.name, prefix)
	})
	return struct {
		Groups    []groupRef `json:"billingGroups"`
		NextToken string     `json:"nextToken,omitempty"`
	}{items, next}, nil
}

// deleteBillingGroup takes its things out of it. One that is not there is
// deleted already: the operation has no error for it.
func deleteBillingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	if err := checkName("billingGroupName", c.key, namePattern); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.registry.billingGroups[c.key]
	expected := c.query("expectedVersion")
	switch {
	case b == nil:
		return nil, nil
	case expected != "" && expected != "1":
		return nil, versionConflict("billing group", b.name)
	}
	return nil, s.commit(c, record{kind: kindBillingGroupGone, fields: []string{b.name}})
}

// billed reads a call. The caller holds the lock.
func (s *Server) billed(c *call) (*billingGroup, *thing, error) {
	var in membership
	if err := c.decode(&in); err != nil {
		return nil, nil, err
	}
	name, err := s.named("billinggroup", "billingGroup", in.BillingGroup, in.BillingGroupARN)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.memberThing(&in)
	if err != nil {
		return nil, nil, err
	}
	c.key = name + " " + t.name
	b, err := s.billingGroup(name)
	return b, t, err
}

func addThingToBillingGroup(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, t, err := s.billed(c)
	if err != nil || t.billing == b {
		return nil, err
	}
	return nil, s.commit(c, record{kind: kindBilled, fields: []string{b.name, t.name}})
}

func removeThingFromBillingGroup(s *Server, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, t, err := s.billed(c)
	if err != nil || t.billing != b {
		return nil, err
	}
	return nil, s.commit(c, record{kind: kindBilledGone, fields: []string{b.name, t.name}})
}

func listThingsInBillingGroup(s *Server, c *call) (any, error) {
	c.key = c.param
	p, err := c.page(byToken)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.billingGroup(c.key)
	if err != nil {
		return nil, err
	}
	items, next := collect(b.members.all(s.lagging(), p.after, false), p.size, (*thing).title)
	return thingNames{items, next}, nil
}
