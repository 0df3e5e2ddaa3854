package sandbox

import "fmt"

// samplePolicy lets a device connect as the thing that its certificate is
// attached to, and use topics under its name.
const samplePolicy = `{"Version":"2012-10-17","Statement":[` +
	`{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},` +
	`{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/*"},` +
	`{"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:*:*:topicfilter/${iot:Connection.Thing.ThingName}/*"}]}`

// Ensure creates what devices are to be attached to and is not there: policies
// (with a document that lets a device connect), a thing type, thing groups, a
// billing group; an empty name is none. It returns what it created, such as
// "policy factory". Quotas, faults and counts know nothing of it.
func (s *Server) Ensure(policies []string, thingType string, groups []string, billingGroup string) (created []string, err error) {
	type wanted struct {
		kind, name string
		find       func() bool
		create     func(*Server, *call) (any, error)
		body       any
	}
	var all []wanted
	r := s.registry
	for _, name := range policies {
		all = append(all, wanted{"policy", name, func() bool { return r.policies[name] != nil }, createPolicy, map[string]string{"policyDocument": samplePolicy}})
	}
	if thingType != "" {
		all = append(all, wanted{"thing type", thingType, func() bool { return r.types[thingType] != nil }, createThingType, nil})
	}
	for _, name := range groups {
		all = append(all, wanted{"thing group", name, func() bool { return r.groups[name] != nil }, createThingGroup, nil})
	}
	if billingGroup != "" {
		all = append(all, wanted{"billing group", billingGroup, func() bool { return r.billingGroups[billingGroup] != nil }, createBillingGroup, nil})
	}
	for _, one := range all {
		s.mu.RLock()
		there := one.find()
		s.mu.RUnlock()
		if there {
			continue
		}
		c := &call{operation: unknownOperation, param: one.name, body: marshal(one.body)}
		if _, err := one.create(s, c); err != nil {
			return created, fmt.Errorf("sandbox: create %s %q: %w", one.kind, one.name, err)
		}
		created = append(created, one.kind+" "+one.name)
	}
	return created, nil
}
