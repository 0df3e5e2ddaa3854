package device

import (
	"context"
	"slices"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
)

// Known is what is known of a device before it is read. Only what was seen to
// be there is known: what a list does not show is looked up.
type Known struct {
	// Certificate was read; nil is not known.
	Certificate *iot.Certificate
	// Thing reports whether the thing is as wanted.
	Thing bool
	// Exists reports whether AWS said a moment ago that the thing exists.
	Exists bool
	// Policies and Groups that the device was seen to have.
	Policies, Groups []string
	// Paged reports whether the device is one of very many that exist: its
	// link is read from one side.
	Paged bool
	// Registered reports whether this import registered the certificate a
	// moment ago, so that there is nothing to be read of it.
	Registered bool
}

// reconcile reads the state of a device that exists, and makes only the calls
// that are missing.
func reconcile(a *Account, d *Device, known Known, do Stage) error {
	for again := false; ; again = true {
		have, err := Look(a, d, known, do)
		if err != nil {
			return err
		}
		lack, err := difference(a.Wanted, d.Thing, have)
		if err != nil {
			return err
		}
		err = supply(a, d, lack, do)
		if iot.ClassOf(err) != iot.ClassExists {
			return err
		}
		// Somebody made the thing between our reading and our writing.
		if again {
			return &Failure{Reason: ReasonConflictThing, Err: err}
		}
		known.Thing, known.Exists = false, true
	}
}

// Look reads what is not known of a device. Its error is as that of [Import].
func Look(a *Account, d *Device, known Known, do Stage) (Observed, error) {
	have := Observed{Registered: true, Policies: known.Policies, Groups: known.Groups}
	attached := a.Wanted.Attachments
	var certificate iot.Certificate
	var reads []Step
	if known.Certificate != nil {
		certificate = *known.Certificate
	} else {
		reads = append(reads, describeCertificate(a, d, &certificate))
	}
	if known.Thing && attached.BillingGroup == "" {
		have.Thing = &d.Thing
	} else {
		reads = append(reads, describeThing(a, d, known.Exists, &have.Thing))
	}
	byThing, byPrincipal := true, !known.Registered
	if known.Paged {
		// The side depends on the certificate alone, so that a device is judged alike each time.
		byThing = a.Links.byThing(d.CertificateID)
		byPrincipal = !byThing
	}
	var things, principals []iot.Link
	reads = append(reads, linkReads(a, d, byThing, byPrincipal, &principals, &things)...)
	if !known.Registered && len(missing(attached.Policies, known.Policies)) > 0 {
		reads = append(reads, listAttachedPolicies(a, d, &have.Policies))
	}
	if !known.Registered && len(missing(attached.ThingGroups, known.Groups)) > 0 {
		reads = append(reads, listThingGroups(a, d, &have.Groups))
	}
	if err := do(reads...); err != nil {
		return have, FailureOf(err)
	}
	have.Status = certificate.Status
	have.setLinks(d, things, principals)
	if known.Paged && !have.Linked { // a missing line in one list is looked up in the other
		if err := do(linkReads(a, d, !byThing, !byPrincipal, &principals, &things)...); err != nil {
			return have, FailureOf(err)
		}
		have.setLinks(d, things, principals)
	}
	return have, nil
}

func describeCertificate(a *Account, d *Device, certificate *iot.Certificate) Step {
	return Step{
		Operation: iot.DescribeCertificate, Parameters: map[string]any{"certificateId": d.CertificateID},
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := c.DoUntilFound(iot.DescribeCertificate, func(ctx context.Context) (err error) {
				*certificate, err = a.AWS.Certificates.DescribeCertificate(ctx, d.CertificateID)
				return err
			})
			if iot.ClassOf(err) == iot.ClassNotFound {
				return result, &Failure{Reason: ReasonCertificateNotVisible, Err: err}
			}
			return result, err
		},
	}
}

// DescribeThing returns the step that reads the thing of a device; nil stands
// for a thing that does not exist.
func DescribeThing(a *Account, d *Device, thing **iot.Thing) Step {
	return describeThing(a, d, false, thing)
}

func describeThing(a *Account, d *Device, exists bool, thing **iot.Thing) Step {
	var found iot.Thing
	read := func(ctx context.Context) (err error) {
		found, err = a.AWS.Things.DescribeThing(ctx, d.Thing.Name)
		return err
	}
	do := once(iot.DescribeThing, read)
	if exists {
		do = untilFound(iot.DescribeThing, read)
	}
	return Step{
		Operation: iot.DescribeThing, Parameters: map[string]any{"thingName": d.Thing.Name},
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := do(c)
			switch {
			case err == nil:
				*thing = &found
			case iot.ClassOf(err) == iot.ClassNotFound:
				*thing, err = nil, nil
			}
			return result, err
		},
	}
}

func listAttachedPolicies(a *Account, d *Device, policies *[]string) Step {
	return Step{
		Operation: iot.ListAttachedPolicies, Parameters: map[string]any{"target": d.CertificateARN},
		Do: toTheEnd(iot.ListAttachedPolicies, policies, func(ctx context.Context, token string) ([]string, string, error) {
			return a.AWS.Policies.ListAttachedPolicies(ctx, d.CertificateARN, token)
		}),
	}
}

func listThingGroups(a *Account, d *Device, groups *[]string) Step {
	return Step{
		Operation: iot.ListThingGroupsForThing, Parameters: map[string]any{"thingName": d.Thing.Name},
		Do: toTheEnd(iot.ListThingGroupsForThing, groups, func(ctx context.Context, token string) ([]string, string, error) {
			return a.AWS.Groups.ListThingGroupsForThing(ctx, d.Thing.Name, token)
		}),
	}
}

// linkReads are the steps that read what certificate and thing are attached
// to. If very many devices exist one side has to do: the quotas are low.
func linkReads(a *Account, d *Device, byThing, byPrincipal bool, principals, things *[]iot.Link) []Step {
	var reads []Step
	if byThing {
		reads = append(reads, a.Links.step(true, d.Thing.Name, principals))
	}
	if byPrincipal {
		reads = append(reads, a.Links.step(false, d.CertificateARN, things))
	}
	return reads
}

// supply makes the calls for what is lacking: what the others need comes first.
func supply(a *Account, d *Device, lack lacking, do Stage) error {
	var first []Step
	if lack.status {
		status := a.Wanted.Status
		first = append(first, Step{
			Operation: iot.UpdateCertificate, Effect: Ensures,
			Parameters: map[string]any{"certificateId": d.CertificateID, "newStatus": string(status)},
			Do: orGone(a, untilFound(iot.UpdateCertificate, func(ctx context.Context) error {
				return a.AWS.Certificates.UpdateCertificate(ctx, d.CertificateID, status)
			})),
		})
	}
	switch {
	case lack.thing:
		first = append(first, createThing(a, d))
	case lack.configuration:
		first = append(first, updateThing(a, d))
	}
	if err := do(first...); err != nil {
		return err
	}
	if lack.billing && !lack.thing {
		if err := do(addToBillingGroup(a, d)); err != nil {
			return err
		}
	}
	return do(attachments(a, d, lack)...)
}

func updateThing(a *Account, d *Device) Step {
	parameters := thingParameters(d.Thing)
	if len(d.Thing.Attributes) > 0 {
		parameters["attributePayload"] = map[string]any{"attributes": d.Thing.Attributes, "merge": true}
	}
	return Step{
		Operation: iot.UpdateThing, Effect: Ensures, Parameters: parameters,
		Do: orGone(a, untilFound(iot.UpdateThing, func(ctx context.Context) error { return a.AWS.Things.UpdateThing(ctx, d.Thing) })),
	}
}

func addToBillingGroup(a *Account, d *Device) Step {
	thing, group := d.Thing.Name, d.Thing.BillingGroup
	return Step{
		Operation: iot.AddThingToBillingGroup, Effect: Ensures, Resources: []string{group},
		Parameters: map[string]any{"thingName": thing, "billingGroupName": group},
		Do: orGone(a, untilFound(iot.AddThingToBillingGroup, func(ctx context.Context) error {
			return a.AWS.Things.AddThingToBillingGroup(ctx, thing, group)
		})),
	}
}

func missing(want, have []string) []string {
	var names []string
	for _, name := range want {
		if !slices.Contains(have, name) {
			names = append(names, name)
		}
	}
	return names
}
