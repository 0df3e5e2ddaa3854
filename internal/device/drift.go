package device

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Kinds of drift. They are stable.
const (
	DriftCertificateGone  manifest.Reason = "drift-certificate-gone"
	DriftStatus           manifest.Reason = "drift-status"
	DriftThingGone        manifest.Reason = "drift-thing-gone"
	DriftThingType        manifest.Reason = "drift-thing-type"
	DriftAttribute        manifest.Reason = "drift-attribute"
	DriftBillingGroup     manifest.Reason = "drift-billing-group"
	DriftDetached         manifest.Reason = "drift-detached"
	DriftNotExclusive     manifest.Reason = "drift-not-exclusive"
	DriftOtherThing       manifest.Reason = "drift-other-thing"
	DriftOtherCertificate manifest.Reason = "drift-other-certificate"
	DriftPolicyMissing    manifest.Reason = "drift-policy-missing"
	DriftPolicyExtra      manifest.Reason = "drift-policy-extra"
	DriftGroupMissing     manifest.Reason = "drift-group-missing"
	DriftGroupExtra       manifest.Reason = "drift-group-extra"
)

// Drifts returns all kinds of drift, in the order in which those of a device are listed.
func Drifts() []manifest.Reason {
	return []manifest.Reason{
		DriftCertificateGone, DriftStatus, DriftThingGone, DriftThingType, DriftAttribute, DriftBillingGroup,
		DriftDetached, DriftNotExclusive, DriftOtherThing, DriftOtherCertificate,
		DriftPolicyMissing, DriftPolicyExtra, DriftGroupMissing, DriftGroupExtra,
	}
}

// Details of drift that lists show as well. The first place stands for the name, or for the status that
// the certificate has; the second one for the status that was wanted.
const (
	DetailCertificateGone = "the certificate is not registered"
	DetailStatus          = "the certificate is %s; %s was wanted"
	DetailPolicyMissing   = "policy %s is not attached to the certificate"
	DetailGroupMissing    = "the thing is not in thing group %s"
)

// A Drift is a difference between what was wanted of a device and what the registry holds.
type Drift struct {
	Reason manifest.Reason
	// Detail is a sentence.
	Detail string
}

// Parts is a set of parts of a device's state.
type Parts uint8

// The parts of a device's state. Each is read with calls of its own.
const (
	PartCertificate Parts = 1 << iota // whether the certificate exists, and its status
	PartThing                         // whether the thing exists, its type, attributes and billing group
	PartPrincipals                    // which principals the thing has
	PartThings                        // which things the certificate is attached to
	PartPolicies                      // which policies the certificate has
	PartGroups                        // which static groups the thing is in

	PartAll = PartCertificate | PartThing | PartPrincipals | PartThings | PartPolicies | PartGroups
)

// A State is what the registry holds of a device.
type State struct {
	// Certificate is nil if it is not registered, Thing if it does not exist.
	Certificate *iot.Certificate
	Thing       *iot.Thing
	// Principals are those of the thing, Things those that the certificate is attached to.
	Principals, Things []iot.Link
	// Policies are those that are attached to the certificate.
	Policies []string
	// Groups are the groups to which the thing was added, Dynamic those whose query chooses it.
	Groups, Dynamic []string
}

// A reading is the state of a device as far as some parts of it were read.
type reading struct {
	parts Parts
	State
}

// has reports whether one of the parts was read.
func (r *reading) has(parts Parts) bool { return r.parts&parts != 0 }

// certificateGone and thingGone report whether reading showed that there is none.
func (r *reading) certificateGone() bool { return r.has(PartCertificate) && r.Certificate == nil }
func (r *reading) thingGone() bool       { return r.has(PartThing) && r.Thing == nil }

// observed returns the state in the form that programs share.
func (r *reading) observed(d *Device) Observed {
	have := Observed{Registered: r.Certificate != nil, Thing: r.Thing, Policies: r.Policies, Groups: r.Groups}
	if r.Certificate != nil {
		have.Status = r.Certificate.Status
	}
	have.setLinks(d, r.Things, r.Principals)
	return have
}

// drifts compares what was read with what is wanted. What follows from a certificate or thing
// that is gone is not listed.
func (r *reading) drifts(w Wanted, d *Device) []Drift {
	have := r.observed(d)
	var list []Drift
	find := func(reason manifest.Reason, format string, args ...any) {
		list = append(list, Drift{reason, fmt.Sprintf(format, args...)})
	}
	if r.certificateGone() {
		find(DriftCertificateGone, DetailCertificateGone)
	} else if want := cmp.Or(d.Status, w.Status); r.has(PartCertificate) && have.Status != want {
		find(DriftStatus, DetailStatus, have.Status, want)
	}
	if r.thingGone() {
		find(DriftThingGone, "the thing does not exist")
	} else if r.has(PartThing) {
		thingDrifts(d.Thing, *r.Thing, find)
	}
	gone := r.certificateGone() || r.thingGone()
	if r.has(PartPrincipals|PartThings) && !gone {
		switch {
		case !have.Linked:
			find(DriftDetached, "the certificate is not attached to the thing")
		case w.Exclusive && have.Link == nonExclusiveThing:
			find(DriftNotExclusive, "the certificate is not attached to the thing exclusively")
		}
	}
	for _, name := range have.OtherThings {
		find(DriftOtherThing, "the certificate is attached to thing %s", name)
	}
	for _, arn := range have.OtherPrincipals {
		find(DriftOtherCertificate, "the thing has %s", arn)
	}
	if r.has(PartPolicies) && !r.certificateGone() {
		for _, name := range missing(w.Attachments.Policies, r.Policies) {
			find(DriftPolicyMissing, DetailPolicyMissing, name)
		}
		for _, name := range slices.Sorted(slices.Values(missing(r.Policies, w.Attachments.Policies))) {
			find(DriftPolicyExtra, "policy %s is attached to the certificate and was not wanted", name)
		}
	}
	if r.has(PartGroups) && !r.thingGone() {
		for _, name := range missing(w.Attachments.ThingGroups, r.Groups) {
			find(DriftGroupMissing, DetailGroupMissing, name)
		}
		for _, name := range slices.Sorted(slices.Values(missing(r.Groups, w.Attachments.ThingGroups))) {
			find(DriftGroupExtra, "the thing is in thing group %s, which was not wanted", name)
		}
	}
	return list
}

// thingDrifts finds what differs in type, attributes and billing group.
func thingDrifts(want, have iot.Thing, find func(manifest.Reason, string, ...any)) {
	switch {
	case want.Type == "" || want.Type == have.Type:
	case have.Type == "":
		find(DriftThingType, "the thing has no type; type %s was wanted", want.Type)
	default:
		find(DriftThingType, "the thing is of type %s; type %s was wanted", have.Type, want.Type)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Attributes)) {
		value, ok := have.Attributes[name]
		switch {
		case !ok:
			find(DriftAttribute, "attribute %s is missing; %s was wanted", name, manifest.Quote(want.Attributes[name]))
		case value != want.Attributes[name]:
			find(DriftAttribute, "attribute %s is %s; %s was wanted", name, manifest.Quote(value), manifest.Quote(want.Attributes[name]))
		}
	}
	switch {
	case want.BillingGroup == "" || want.BillingGroup == have.BillingGroup:
	case have.BillingGroup == "":
		find(DriftBillingGroup, "the thing is in no billing group; %s was wanted", want.BillingGroup)
	default:
		find(DriftBillingGroup, "the thing is in billing group %s; %s was wanted", have.BillingGroup, want.BillingGroup)
	}
}
