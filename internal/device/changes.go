package device

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

func registerCertificate(a *Account, d *Device, lost *time.Time) Step {
	op := iot.RegisterCertificateWithoutCA
	status := cmp.Or(d.Status, a.wanted(d).Status)
	return Step{
		Operation: op, Effect: Creates,
		Parameters: map[string]any{"certificateId": d.CertificateID, "status": string(status)},
		Do: func(c *call.Caller) (call.Result, error) {
			pem := d.PEM()
			result, err := c.Do(op, func(ctx context.Context) error {
				arn, err := a.AWS.Certificates.RegisterCertificateWithoutCA(ctx, pem, status)
				if err == nil {
					d.CertificateARN = cmp.Or(arn, d.CertificateARN)
				}
				return err
			})
			*lost = result.Lost
			return result, err
		},
	}
}

func createThing(a *Account, d *Device) Step {
	parameters := thingParameters(d.Thing)
	if d.Thing.BillingGroup != "" {
		parameters["billingGroupName"] = d.Thing.BillingGroup
	}
	if len(d.Thing.Attributes) > 0 {
		parameters["attributePayload"] = map[string]any{"attributes": d.Thing.Attributes}
	}
	effect := Ensures
	if d.Absent {
		effect = Creates
	}
	return Step{
		Operation: iot.CreateThing, Effect: effect, Parameters: parameters,
		Do: orGone(a, d, once(iot.CreateThing, func(ctx context.Context) error { return a.AWS.Things.CreateThing(ctx, d.Thing) })),
	}
}

func thingParameters(thing iot.Thing) map[string]any {
	parameters := map[string]any{"thingName": thing.Name}
	if thing.Type != "" {
		parameters["thingTypeName"] = thing.Type
	}
	return parameters
}

// attachments returns the steps that need both certificate and thing. The import
// created what it attaches to a certificate that it registered itself.
func attachments(a *Account, d *Device, lack lacking) []Step {
	effect := Ensures
	if d.registered {
		effect = Creates
	}
	var steps []Step
	if lack.link {
		steps = append(steps, attachThingPrincipal(a, d, effect))
	}
	for _, policy := range lack.policies {
		steps = append(steps, Step{
			Operation: iot.AttachPolicy, Effect: effect, Resources: []string{policy},
			Parameters: map[string]any{"policyName": policy, "target": d.CertificateARN},
			Do: orGone(a, d, untilFound(iot.AttachPolicy, func(ctx context.Context) error {
				return a.AWS.Policies.AttachPolicy(ctx, policy, d.CertificateARN)
			})),
		})
	}
	return append(steps, joinGroups(a, d, lack.groups)...)
}

func attachThingPrincipal(a *Account, d *Device, effect Effect) Step {
	parameters := map[string]any{"thingName": d.Thing.Name, "principal": d.CertificateARN}
	if a.wanted(d).Exclusive {
		parameters["thingPrincipalType"] = exclusiveThing
	}
	attach := orGone(a, d, untilFound(iot.AttachThingPrincipal, func(ctx context.Context) error {
		return a.AWS.Principals.AttachThingPrincipal(ctx, d.Thing.Name, d.CertificateARN, a.wanted(d).Exclusive)
	}))
	return Step{
		Operation: iot.AttachThingPrincipal, Effect: effect, Parameters: parameters,
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := attach(c)
			var failure *FailedError
			if a.wanted(d).Exclusive && errors.As(err, &failure) && iot.ClassOf(err) == iot.ClassDevice {
				return result, &FailedError{Reason: ReasonConflictExclusive, Err: failure.Err}
			}
			return result, err
		},
	}
}

// joinGroups returns the steps in the form for which the quotas allow the higher rate.
func joinGroups(a *Account, d *Device, groups []string) []Step {
	if len(groups) == 0 {
		return nil
	}
	thing := d.Thing.Name
	if op, _ := quota.GroupCall(a.Quotas, len(a.wanted(d).Attachments.ThingGroups)); op == iot.UpdateThingGroupsForThing {
		return []Step{{
			Operation: op, Effect: Ensures, Resources: groups,
			Parameters: map[string]any{"thingName": thing, "thingGroupsToAdd": groups},
			Do: orGone(a, d, untilFound(op, func(ctx context.Context) error {
				return a.AWS.Groups.UpdateThingGroupsForThing(ctx, thing, groups)
			})),
		}}
	}
	steps := make([]Step, len(groups))
	for i, group := range groups {
		steps[i] = Step{
			Operation: iot.AddThingToThingGroup, Effect: Ensures, Resources: []string{group},
			Parameters: map[string]any{"thingName": thing, "thingGroupName": group},
			Do: orGone(a, d, untilFound(iot.AddThingToThingGroup, func(ctx context.Context) error {
				return a.AWS.Groups.AddThingToThingGroup(ctx, group, thing)
			})),
		}
	}
	return steps
}

// orGone turns "not found" into a *call.StopError if a policy, type or group is
// gone, and every other refusal except "already exists" into a failure of the
// device.
func orGone(a *Account, d *Device, do func(*call.Caller) (call.Result, error)) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (call.Result, error) {
		result, err := do(c)
		switch iot.ClassOf(err) {
		case iot.ClassExists:
			return result, err
		case iot.ClassNotFound:
			if gone := attachmentsGone(c, a, d); gone != nil {
				return result, gone
			}
		}
		return result, FailureOf(err)
	}
}

func updateCertificate(a *Account, d *Device) Step {
	status := a.wanted(d).Status
	return Step{
		Operation: iot.UpdateCertificate, Effect: Ensures,
		Parameters: map[string]any{"certificateId": d.CertificateID, "newStatus": string(status)},
		Do: orGone(a, d, untilFound(iot.UpdateCertificate, func(ctx context.Context) error {
			return a.AWS.Certificates.UpdateCertificate(ctx, d.CertificateID, status)
		})),
	}
}

func updateThing(a *Account, d *Device) Step {
	parameters := thingParameters(d.Thing)
	if len(d.Thing.Attributes) > 0 {
		parameters["attributePayload"] = map[string]any{"attributes": d.Thing.Attributes, "merge": true}
	}
	return Step{
		Operation: iot.UpdateThing, Effect: Ensures, Parameters: parameters,
		Do: orGone(a, d, untilFound(iot.UpdateThing, func(ctx context.Context) error { return a.AWS.Things.UpdateThing(ctx, d.Thing) })),
	}
}

func addToBillingGroup(a *Account, d *Device) Step {
	thing, group := d.Thing.Name, d.Thing.BillingGroup
	return Step{
		Operation: iot.AddThingToBillingGroup, Effect: Ensures, Resources: []string{group},
		Parameters: map[string]any{"thingName": thing, "billingGroupName": group},
		Do: orGone(a, d, untilFound(iot.AddThingToBillingGroup, func(ctx context.Context) error {
			return a.AWS.Things.AddThingToBillingGroup(ctx, thing, group)
		})),
	}
}
