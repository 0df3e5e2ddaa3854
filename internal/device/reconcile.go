package device

import (
	"github.com/thingpress/thingpress/internal/iot"
)

// Known is what is known of a device before it is read. It contains only what
// was seen to exist; what a list does not show is looked up.
type Known struct {
	// Certificate was read; nil if not.
	Certificate *iot.Certificate
	// Thing reports whether the thing is as wanted.
	Thing bool
	// Exists reports whether AWS answered a moment ago that the thing exists.
	Exists bool
	// Policies and Groups that the device was seen to have.
	Policies, Groups []string
	// Paged reports whether very many devices exist, so that the link is read
	// from one side only.
	Paged bool
	// Registered reports whether this import registered the certificate a
	// moment ago, so that nothing can be attached to it yet.
	Registered bool
}

// reconcile reads the state of a device that exists and makes only the calls
// that are missing.
func reconcile(a *Account, d *Device, known Known, do Stage) error {
	for again := false; ; again = true {
		have, err := Look(a, d, known, do)
		if err != nil {
			return err
		}
		lack, err := difference(*a.wanted(d), d.Thing, have)
		if err != nil {
			return err
		}
		err = supply(a, d, lack, do)
		if iot.ClassOf(err) != iot.ClassExists {
			return err
		}
		// Somebody created the thing after we read it.
		if again {
			return &FailedError{Reason: ReasonConflictThing, Err: err}
		}
		known.Thing, known.Exists = false, true
	}
}

// Look reads the state of a device as far as it is not known. Its errors are
// those of [Import].
func Look(a *Account, d *Device, known Known, do Stage) (Observed, error) {
	have := Observed{Registered: true, Policies: known.Policies, Groups: known.Groups}
	attached := a.wanted(d).Attachments
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
		// The side depends only on the certificate, so that a device is always judged alike.
		byThing = a.Links.ByThing(d.CertificateID)
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

// supply makes the calls for what is lacking, those first that the others need.
func supply(a *Account, d *Device, lack lacking, do Stage) error {
	var first []Step
	if lack.status {
		first = append(first, updateCertificate(a, d))
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
