package sandbox

import (
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// samplePolicy lets a device connect as the thing that its certificate is attached to, and use
// topics below the thing's name.
const samplePolicy = `{"Version":"2012-10-17","Statement":[` +
	`{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},` +
	`{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/*"},` +
	`{"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:*:*:topicfilter/${iot:Connection.Thing.ThingName}/*"}]}`

// Ensure creates missing attachments of devices: policies (whose document lets a device
// connect), a thing type, thing groups and a billing group. Empty names are skipped. It returns
// the names of those that it created, such as "policy factory". Quotas and faults do not apply,
// and the calls are not counted.
func (s *Server) Ensure(policies []string, thingType string, groups []string, billingGroup string) (created []string, err error) {
	ensure := func(kind, name string, create func(*registry.State) ([]registry.Change, error)) {
		if err != nil || name == "" {
			return
		}
		var changed bool
		if changed, err = s.backend.store.Change(create); err != nil {
			err = fmt.Errorf("sandbox: create %s %q: %w", kind, name, err)
		} else if changed {
			created = append(created, kind+" "+name)
		}
	}
	for _, name := range policies {
		ensure("policy", name, unlessFound(name, (*registry.State).GetPolicy, (*registry.State).CreatePolicy,
			registry.CreatePolicy{ByName: registry.ByName{Name: name}, Document: samplePolicy}))
	}
	ensure("thing type", thingType, unlessFound(thingType, (*registry.State).DescribeThingType, (*registry.State).CreateThingType,
		registry.CreateThingType{ByName: registry.ByName{Name: thingType}}))
	for _, name := range groups {
		ensure("thing group", name, unlessFound(name, (*registry.State).DescribeThingGroup, (*registry.State).CreateThingGroup,
			registry.CreateThingGroup{ByName: registry.ByName{Name: name}}))
	}
	ensure("billing group", billingGroup, unlessFound(billingGroup,
		(*registry.State).DescribeBillingGroup, (*registry.State).CreateBillingGroup,
		registry.CreateBillingGroup{ByName: registry.ByName{Name: billingGroup}}))
	return created, err
}

// SetConnected records in the fleet index that the device of a thing has connected or disconnected, as
// the broker does. Reason is why it was disconnected, such as CONNECTION_LOST; may be empty.
func (s *Server) SetConnected(thing string, connected bool, reason string) error {
	_, err := s.backend.store.Change(func(st *registry.State) ([]registry.Change, error) {
		return st.SetConnected(&registry.ThingConnected{Name: thing, Connected: connected, At: time.Now().UnixMilli(), Reason: reason})
	})
	return err
}

// Names returns the names of the attachments that exist, in the form in which [Server.Ensure]
// returns them.
func (s *Server) Names() (names []string) {
	s.backend.store.View(func(st *registry.State) { names = st.AttachmentNames() })
	return names
}

// unlessFound combines two operations on one kind of resource: it calls create if find fails.
func unlessFound[Found, In, Out any](name string, find func(*registry.State, *registry.ByName) (Found, error),
	create func(*registry.State, *In) (Out, []registry.Change, error), in In,
) func(*registry.State) ([]registry.Change, error) {
	return func(st *registry.State) ([]registry.Change, error) {
		if _, err := find(st, &registry.ByName{Name: name}); err == nil {
			return nil, nil
		}
		_, changes, err := create(st, &in)
		return changes, err
	}
}
