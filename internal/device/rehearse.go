package device

import (
	"context"
	"maps"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Rehearsal finds out which steps [Import] would make, without making any
// call. It is safe for concurrent use.
type Rehearsal struct {
	account *Account
	// limiters and caller limit nothing.
	limiters *quota.Limiters
	caller   *call.Caller
}

// NewRehearsal returns a rehearsal of imports into the account.
func NewRehearsal(a *Account) *Rehearsal {
	limiters := quota.NewLimiters(quota.Set{}, quota.Options{})
	forever := call.Lifetimes{Begin: context.Background(), Flight: context.Background()}
	return &Rehearsal{account: a, limiters: limiters, caller: call.New(call.Options{Limiters: limiters, Lifetimes: forever})}
}

// Import returns the steps that [Import] would make for a device in the observed
// state, and how many of them would change something. If the import would fail
// the device, Import returns the *[FailedError] and the steps before it.
func (r *Rehearsal) Import(d Device, have Observed) (steps []Step, changes int, err error) {
	answers := answers{device: &d, have: have}
	account := *r.account
	account.AWS = iot.AWS{Certificates: answers, Things: answers, Principals: answers, Policies: answers, Groups: answers}
	account.Links = NewLinks(answers, r.limiters, account.Wanted.Exclusive)
	_, err = Import(&account, &d, nil, func(stage ...Step) error {
		errs := make([]error, len(stage))
		for i, step := range stage {
			if _, errs[i] = step.Do(r.caller); errs[i] == nil && step.Effect != Reads {
				changes++
			}
		}
		steps = append(steps, stage...)
		return deciding(errs)
	})
	return steps, changes, err
}

// answers answers the calls of a program as AWS would, according to the observed
// state of a device. Calls that change something succeed without effect. The
// embedded interfaces are nil: programs call only what they have steps for.
type answers struct {
	iot.Certificates
	iot.Things
	iot.Principals
	iot.Policies
	iot.Groups
	device *Device
	have   Observed
}

func (a answers) RegisterCertificateWithoutCA(context.Context, string, iot.Status) (string, error) {
	if !a.have.Registered {
		return a.device.CertificateARN, nil
	}
	return "", alreadyExists(iot.RegisterCertificateWithoutCA)
}

func alreadyExists(op iot.Operation) error {
	return &iot.APIError{Operation: string(op), Code: "ResourceAlreadyExistsException", Class: iot.ClassExists}
}

func (a answers) DescribeCertificate(context.Context, string) (iot.Certificate, error) {
	return iot.Certificate{ID: a.device.CertificateID, ARN: a.device.CertificateARN, Status: a.have.Status}, nil
}

func (a answers) UpdateCertificate(context.Context, string, iot.Status) error { return nil }

// CreateThing succeeds if the thing exists with the same configuration.
func (a answers) CreateThing(_ context.Context, thing iot.Thing) error {
	have := a.have.Thing
	if have == nil || have.Type == thing.Type && have.BillingGroup == thing.BillingGroup && maps.Equal(have.Attributes, thing.Attributes) {
		return nil
	}
	return alreadyExists(iot.CreateThing)
}

func (a answers) DescribeThing(context.Context, string) (iot.Thing, error) {
	if a.have.Thing == nil {
		return iot.Thing{}, &iot.APIError{Operation: string(iot.DescribeThing), Code: "ResourceNotFoundException", Class: iot.ClassNotFound}
	}
	return *a.have.Thing, nil
}

func (a answers) UpdateThing(context.Context, iot.Thing) error { return nil }

func (a answers) AddThingToBillingGroup(context.Context, string, string) error { return nil }

func (a answers) AttachThingPrincipal(context.Context, string, string, bool) error { return nil }

func (a answers) ListThingPrincipals(context.Context, string, string) ([]iot.Link, string, error) {
	return a.links(a.device.CertificateARN, a.have.OtherPrincipals), "", nil
}

func (a answers) ListThingPrincipalsV2(ctx context.Context, thing, token string) ([]iot.Link, string, error) {
	return a.ListThingPrincipals(ctx, thing, token)
}

func (a answers) ListPrincipalThings(context.Context, string, string) ([]iot.Link, string, error) {
	return a.links(a.device.Thing.Name, a.have.OtherThings), "", nil
}

func (a answers) ListPrincipalThingsV2(ctx context.Context, arn, token string) ([]iot.Link, string, error) {
	return a.ListPrincipalThings(ctx, arn, token)
}

func (a answers) links(ours string, others []string) (links []iot.Link) {
	if a.have.Linked {
		links = append(links, iot.Link{Name: ours, Type: a.have.Link})
	}
	for _, name := range others {
		links = append(links, iot.Link{Name: name})
	}
	return links
}

func (a answers) AttachPolicy(context.Context, string, string) error { return nil }

func (a answers) ListAttachedPolicies(context.Context, string, string) ([]string, string, error) {
	return a.have.Policies, "", nil
}

func (a answers) AddThingToThingGroup(context.Context, string, string) error { return nil }

func (a answers) UpdateThingGroupsForThing(context.Context, string, []string) error { return nil }

func (a answers) ListThingGroupsForThing(context.Context, string, string) ([]string, string, error) {
	return a.have.Groups, "", nil
}
