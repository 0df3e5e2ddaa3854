package device

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
)

// Met is what the answer to a registration tells of a device.
type Met int

// What an import may meet.
const (
	MetUnknown  Met = iota // nothing was asked, or it may be ours
	MetNew                 // the certificate is new to AWS
	MetExisting            // somebody registered it before this import
)

// Import makes a device able to connect. Unless lists showed that it exists
// (known is not nil), nothing is asked first: most devices are new to AWS, and
// every read of them would be a call for nothing.
//
// Its error is nil, a *[Failure], a *[call.StopError], or wraps [call.ErrEnded].
func Import(a *Account, d *Device, known *Known, do Stage) (Met, error) {
	if known != nil {
		return MetUnknown, FailureOf(reconcile(a, d, *known, do))
	}
	var lost time.Time
	err := do(registerCertificate(a, d, &lost))
	var api *iot.APIError
	switch {
	case err == nil:
		d.registered = true
		return MetNew, FailureOf(completeNew(a, d, do))
	case iot.ClassOf(err) == iot.ClassExists && errors.As(err, &api):
		met, err := continueExisting(a, d, api, lost, do)
		return met, FailureOf(err)
	}
	return MetUnknown, FailureOf(err)
}

// continueExisting goes on with a certificate that AWS says to exist. It is
// ours if calls for the device may have been made before, and if it was not
// registered before the first of them. In doubt it is not ours.
func continueExisting(a *Account, d *Device, api *iot.APIError, lost time.Time, do Stage) (Met, error) {
	d.CertificateID, d.CertificateARN = cmp.Or(api.ResourceID, d.CertificateID), cmp.Or(api.ResourceARN, d.CertificateARN)
	since := d.Marked
	if since.IsZero() {
		since = lost
	}
	if since.IsZero() && !d.Recorded {
		return MetExisting, reconcile(a, d, Known{}, do)
	}
	var certificate iot.Certificate
	if err := do(describeCertificate(a, d, &certificate)); err != nil {
		return MetUnknown, err
	}
	if d.Recorded || !certificate.Created.IsZero() && !certificate.Created.Before(since.Add(-clockSlack)) {
		d.registered, d.recovered = true, true
		if certificate.Status == a.Wanted.Status {
			return MetUnknown, completeNew(a, d, do)
		}
	}
	return MetUnknown, reconcile(a, d, Known{Certificate: &certificate}, do)
}

// clockSlack makes up for AWS's times, which are whole seconds.
const clockSlack = time.Second

// completeNew goes on with a certificate that this import registered.
func completeNew(a *Account, d *Device, do Stage) error {
	err := do(createThing(a, d))
	switch {
	case err == nil:
		return do(attachments(a, d, everything(a.Wanted))...)
	case iot.ClassOf(err) == iot.ClassExists:
		return reconcile(a, d, Known{
			Certificate: &iot.Certificate{ID: d.CertificateID, ARN: d.CertificateARN, Status: a.Wanted.Status},
			Registered:  true,
		}, do)
	}
	return err
}

func registerCertificate(a *Account, d *Device, lost *time.Time) Step {
	op := iot.RegisterCertificateWithoutCA
	return Step{
		Operation: op, Effect: Creates,
		Parameters: map[string]any{"certificateId": d.CertificateID, "status": string(a.Wanted.Status)},
		Do: func(c *call.Caller) (call.Result, error) {
			pem := d.PEM()
			result, err := c.Do(op, func(ctx context.Context) error {
				arn, err := a.AWS.Certificates.RegisterCertificateWithoutCA(ctx, pem, a.Wanted.Status)
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
	return Step{
		Operation: iot.CreateThing, Effect: Ensures, Parameters: parameters,
		Do: orGone(a, once(iot.CreateThing, func(ctx context.Context) error { return a.AWS.Things.CreateThing(ctx, d.Thing) })),
	}
}

func thingParameters(thing iot.Thing) map[string]any {
	parameters := map[string]any{"thingName": thing.Name}
	if thing.Type != "" {
		parameters["thingTypeName"] = thing.Type
	}
	return parameters
}

// attachments are the steps that need certificate and thing. What is attached
// to a certificate that this import registered was created by it.
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
			Do: orGone(a, untilFound(iot.AttachPolicy, func(ctx context.Context) error {
				return a.AWS.Policies.AttachPolicy(ctx, policy, d.CertificateARN)
			})),
		})
	}
	return append(steps, joinGroups(a, d.Thing.Name, lack.groups)...)
}

func attachThingPrincipal(a *Account, d *Device, effect Effect) Step {
	parameters := map[string]any{"thingName": d.Thing.Name, "principal": d.CertificateARN}
	if a.Wanted.Exclusive {
		parameters["thingPrincipalType"] = exclusive
	}
	attach := orGone(a, untilFound(iot.AttachThingPrincipal, func(ctx context.Context) error {
		return a.AWS.Principals.AttachThingPrincipal(ctx, d.Thing.Name, d.CertificateARN, a.Wanted.Exclusive)
	}))
	return Step{
		Operation: iot.AttachThingPrincipal, Effect: effect, Parameters: parameters,
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := attach(c)
			var failure *Failure
			if a.Wanted.Exclusive && errors.As(err, &failure) && iot.ClassOf(err) == iot.ClassDevice {
				return result, &Failure{Reason: ReasonConflictExclusive, Err: failure.Err}
			}
			return result, err
		},
	}
}

// joinGroups are the steps in the form that the quotas make faster.
func joinGroups(a *Account, thing string, groups []string) []Step {
	if len(groups) == 0 {
		return nil
	}
	if a.GroupOperation == iot.UpdateThingGroupsForThing {
		return []Step{{
			Operation: a.GroupOperation, Effect: Ensures, Resources: groups,
			Parameters: map[string]any{"thingName": thing, "thingGroupsToAdd": groups},
			Do: orGone(a, untilFound(a.GroupOperation, func(ctx context.Context) error {
				return a.AWS.Groups.UpdateThingGroupsForThing(ctx, thing, groups)
			})),
		}}
	}
	steps := make([]Step, len(groups))
	for i, group := range groups {
		steps[i] = Step{
			Operation: iot.AddThingToThingGroup, Effect: Ensures, Resources: []string{group},
			Parameters: map[string]any{"thingName": thing, "thingGroupName": group},
			Do: orGone(a, untilFound(iot.AddThingToThingGroup, func(ctx context.Context) error {
				return a.AWS.Groups.AddThingToThingGroup(ctx, group, thing)
			})),
		}
	}
	return steps
}

// orGone turns "not found" into a stop if a policy, type or group is gone.
// Every other refusal, except of what exists, is a failure of the device.
func orGone(a *Account, do func(*call.Caller) (call.Result, error)) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (call.Result, error) {
		result, err := do(c)
		switch iot.ClassOf(err) {
		case iot.ClassExists:
			return result, err
		case iot.ClassNotFound:
			if gone := attachmentsGone(c, a); gone != nil {
				return result, gone
			}
		}
		return result, FailureOf(err)
	}
}
