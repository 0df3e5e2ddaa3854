package engine

import (
	"maps"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// A PlannedCall is one call that an import would make. Parameters are named as
// AWS names them; a certificate is told by its ID, never by its content.
type PlannedCall struct {
	Operation  iot.Operation  `json:"operation"`
	Parameters map[string]any `json:"parameters"`
}

// A PlannedDevice is what an import would do for one device.
type PlannedDevice struct {
	ledger.Place
	ThingName     string
	CertificateID string
	// State is new, unchanged, completed or conflict; new without a comparison.
	State string
	// Reason and Detail of a conflict.
	Reason manifest.Reason
	Detail string
	// Calls in the order in which they are begun; those that attach run side by side.
	Calls []PlannedCall

	number int
}

// PlanFresh says what an import would do for the examples of a scan if they
// are new to AWS.
func PlanFresh(scan *ScanResult, settings Settings, target ledger.Target, set quota.Set) []PlannedDevice {
	r := &run{Config: Config{Settings: settings, Target: target}}
	r.paths = newPaths(set, settings.Attachments)
	a := settings.Attachments
	var planned []PlannedDevice
	for i := range scan.Examples {
		device := &scan.Examples[i]
		attributes, err := a.attributesOf(device)
		if err != nil {
			continue // a device whose attributes cannot be filled is rejected, and no example
		}
		d := &deviceRun{run: r, task: &task{
			device: *device, thing: iot.Thing{Name: device.ThingName, Type: a.ThingType, BillingGroup: a.BillingGroup, Attributes: attributes},
		}, id: device.CertificateID.String(), arn: r.certificateARN(device.CertificateID.String())}
		planned = append(planned, PlannedDevice{
			Place: ledger.Place{Entry: device.Entry}, ThingName: device.ThingName, CertificateID: device.CertificateID.String(),
			State: stateNames[isNew], Calls: r.freshCalls(d),
		})
	}
	return planned
}

// freshCalls are those of a device that AWS does not know.
func (r *run) freshCalls(d *deviceRun) []PlannedCall {
	return append([]PlannedCall{r.registering(d), d.creating()}, r.attaching(d, r.everything())...)
}

// existingCalls are those of a device of which certificate or thing exist. A
// certificate that is new meets an existing thing only when it is created.
func (r *run) existingCalls(d *deviceRun, fresh bool, have observed, todo plan, agreed bool) []PlannedCall {
	calls := []PlannedCall{r.registering(d)}
	if fresh {
		calls = append(calls, d.creating())
		if have.thing != nil && sameThing(*have.thing, d.task.thing) {
			return append(calls, r.attaching(d, r.everything())...)
		}
	}
	calls = append(calls, r.reading(d, fresh)...)
	if !agreed {
		return calls
	}
	return append(calls, r.completing(d, todo)...)
}

// sameThing says whether CreateThing takes one for a repetition of the other.
func sameThing(a, b iot.Thing) bool {
	return a.Type == b.Type && a.BillingGroup == b.BillingGroup && maps.Equal(a.Attributes, b.Attributes)
}

func (p plan) nothing() bool {
	return !p.updateStatus && !p.createThing && !p.updateThing && !p.billing && !p.attach && len(p.policies) == 0 && len(p.groups) == 0
}

func (r *run) registering(d *deviceRun) PlannedCall {
	return PlannedCall{opRegister, map[string]any{"certificateId": d.id, "status": string(r.Settings.status())}}
}

func (d *deviceRun) creating() PlannedCall {
	return PlannedCall{iot.CreateThing, d.thingParameters(true)}
}

func (d *deviceRun) thingParameters(creating bool) map[string]any {
	thing := d.task.thing
	parameters := map[string]any{"thingName": thing.Name}
	if thing.Type != "" {
		parameters["thingTypeName"] = thing.Type
	}
	if creating && thing.BillingGroup != "" {
		parameters["billingGroupName"] = thing.BillingGroup
	}
	if len(thing.Attributes) > 0 {
		parameters["attributePayload"] = map[string]any{"attributes": thing.Attributes, "merge": !creating}
		if creating {
			parameters["attributePayload"] = map[string]any{"attributes": thing.Attributes}
		}
	}
	return parameters
}

// attaching are the calls of attach.
func (r *run) attaching(d *deviceRun, p plan) (calls []PlannedCall) {
	thing := d.task.thing.Name
	if p.attach {
		parameters := map[string]any{"thingName": thing, "principal": d.arn}
		if r.Settings.Exclusive {
			parameters["thingPrincipalType"] = "EXCLUSIVE_THING"
		}
		calls = append(calls, PlannedCall{iot.AttachThingPrincipal, parameters})
	}
	for _, policy := range p.policies {
		calls = append(calls, PlannedCall{iot.AttachPolicy, map[string]any{"policyName": policy, "target": d.arn}})
	}
	if r.paths.groupOp == iot.UpdateThingGroupsForThing && len(p.groups) > 0 {
		return append(calls, PlannedCall{iot.UpdateThingGroupsForThing, map[string]any{"thingName": thing, "thingGroupsToAdd": p.groups}})
	}
	for _, group := range p.groups {
		calls = append(calls, PlannedCall{iot.AddThingToThingGroup, map[string]any{"thingName": thing, "thingGroupName": group}})
	}
	return calls
}

// completing are the calls of carryOut.
func (r *run) completing(d *deviceRun, p plan) (calls []PlannedCall) {
	thing := d.task.thing
	if p.updateStatus {
		calls = append(calls, PlannedCall{iot.UpdateCertificate, map[string]any{"certificateId": d.id, "newStatus": string(r.Settings.status())}})
	}
	switch {
	case p.createThing:
		calls = append(calls, d.creating())
	case p.updateThing:
		calls = append(calls, PlannedCall{iot.UpdateThing, d.thingParameters(false)})
	}
	if p.billing && !p.createThing {
		calls = append(calls, PlannedCall{iot.AddThingToBillingGroup, map[string]any{"thingName": thing.Name, "billingGroupName": thing.BillingGroup}})
	}
	return append(calls, r.attaching(d, p)...)
}

// reading are the calls of look for a device of which nothing is known, or
// only that its certificate is new.
func (r *run) reading(d *deviceRun, fresh bool) []PlannedCall {
	byThing, byPrincipal := iot.ListThingPrincipals, iot.ListPrincipalThings
	if r.Settings.Exclusive {
		byThing, byPrincipal = iot.ListThingPrincipalsV2, iot.ListPrincipalThingsV2
	}
	thing := map[string]any{"thingName": d.task.thing.Name}
	calls := []PlannedCall{{iot.DescribeThing, thing}, {byThing, thing}}
	if fresh {
		return calls
	}
	calls = append(calls,
		PlannedCall{iot.DescribeCertificate, map[string]any{"certificateId": d.id}},
		PlannedCall{byPrincipal, map[string]any{"principal": d.arn}})
	a := r.Settings.Attachments
	if len(a.Policies) > 0 {
		calls = append(calls, PlannedCall{iot.ListAttachedPolicies, map[string]any{"target": d.arn}})
	}
	if len(a.ThingGroups) > 0 {
		calls = append(calls, PlannedCall{iot.ListThingGroupsForThing, thing})
	}
	return calls
}
