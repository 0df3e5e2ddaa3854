package device

import (
	"context"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
)

func describeCertificate(a *Account, d *Device, certificate *iot.Certificate) Step {
	return Step{
		Operation: iot.DescribeCertificate, Parameters: map[string]any{"certificateId": d.CertificateID},
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := c.DoUntilFound(iot.DescribeCertificate, func(ctx context.Context) (err error) {
				*certificate, err = a.AWS.Certificates.DescribeCertificate(ctx, d.CertificateID)
				return err
			})
			if iot.ClassOf(err) == iot.ClassNotFound {
				return result, &FailedError{Reason: ReasonCertificateNotVisible, Err: err}
			}
			return result, err
		},
	}
}

// DescribeThing returns the step that reads the thing of a device into thing; it
// sets nil if the thing does not exist.
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

// linkReads returns the steps that read what thing and certificate are attached
// to. If very many devices exist only one side is read, because the quotas are low.
func linkReads(a *Account, d *Device, byThing, byPrincipal bool, principals, things *[]iot.Link) []Step {
	var reads []Step
	if byThing {
		reads = append(reads, a.Links.step(ofThing, d.Thing.Name, principals))
	}
	if byPrincipal {
		reads = append(reads, a.Links.step(ofCertificate, d.CertificateARN, things))
	}
	return reads
}
