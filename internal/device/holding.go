package device

import (
	"cmp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
)

// A Holding is what the registry holds of one thing.
type Holding struct {
	// Thing is nil if the thing does not exist.
	Thing *iot.Thing
	// Groups are the groups to which the thing was added, Dynamic those whose query chooses it.
	Groups, Dynamic []string
	// Certificates are those of the thing: ACTIVE ones first, then INACTIVE ones, the newest first.
	Certificates []HeldCertificate
	// Others are the ARNs or IDs of principals that are not certificates.
	Others []string
}

// A HeldCertificate is a certificate that is attached to a thing.
type HeldCertificate struct {
	iot.Certificate
	// Policies are those that are attached to the certificate.
	Policies []string
	// Things are all things that the certificate is attached to.
	Things []string
	// Exclusive reports whether the thing is the only one that it may be attached to, if AWS said so.
	Exclusive bool
}

// Holding reads what the registry holds of a thing. Its errors are those of [Import].
func (v *Verifier) Holding(thing string, do Stage) (Holding, error) {
	a, d := v.account, &Device{Thing: iot.Thing{Name: thing}}
	var held Holding
	var state State
	err := do(DescribeThing(a, d, &held.Thing), a.Links.step(ofThing, thing, &state.Principals), listThingGroups(a, d, &state.Groups))
	if err != nil || held.Thing == nil {
		return held, FailureOf(err)
	}
	if err := v.splitDynamic(d, &state, do); err != nil {
		return held, err
	}
	held.Groups, held.Dynamic = state.Groups, state.Dynamic
	slices.Sort(held.Groups)
	for _, link := range state.Principals {
		_, id, ok := strings.Cut(link.Name, ":cert/")
		if !ok {
			held.Others = append(held.Others, link.Name)
			continue
		}
		certificate, err := heldCertificate(a, &Device{CertificateID: id, CertificateARN: link.Name}, do)
		if err != nil {
			return held, err
		}
		if certificate != nil {
			certificate.Exclusive = link.Type == exclusiveThing
			held.Certificates = append(held.Certificates, *certificate)
		}
	}
	slices.SortFunc(held.Certificates, func(a, b HeldCertificate) int {
		// ACTIVE is the first of the statuses in the alphabet, and INACTIVE the next.
		return cmp.Or(cmp.Compare(a.Status, b.Status), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return held, nil
}

// heldCertificate reads a certificate. It returns nil if the certificate is gone meanwhile.
func heldCertificate(a *Account, d *Device, do Stage) (*HeldCertificate, error) {
	var found *iot.Certificate
	var held HeldCertificate
	var things []iot.Link
	err := do(lookUpCertificate(a, d.CertificateID, &found), listAttachedPolicies(a, d, &held.Policies),
		a.Links.step(ofCertificate, d.CertificateARN, &things))
	if err != nil || found == nil {
		return nil, FailureOf(err)
	}
	held.Certificate = *found
	for _, link := range things {
		held.Things = append(held.Things, link.Name)
	}
	slices.Sort(held.Policies)
	slices.Sort(held.Things)
	return &held, nil
}

// ThingsOf returns the things that a certificate is attached to. Its errors are those of [Import].
func ThingsOf(a *Account, certificateARN string, do Stage) ([]iot.Link, error) {
	var things []iot.Link
	err := do(a.Links.step(ofCertificate, certificateARN, &things))
	return things, FailureOf(err)
}
