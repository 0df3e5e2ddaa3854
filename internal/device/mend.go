package device

import (
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
)

// Mend makes what a device lacks and returns the drift that is left. It changes nothing that is
// there: no status, type, attribute or billing group with another value, and nothing that is
// attached in addition. It does not attach a certificate to a thing if either of them is attached
// to something else, because one of the two would be wrong. A certificate that is gone can only be
// registered if PEM is set.
//
// Mend reads the whole state of the device first. Its errors are those of [Import].
func (v *Verifier) Mend(d *Device, do Stage) (left []Drift, err error) {
	state, err := v.read(d, PartAll, do)
	if err != nil {
		return nil, err
	}
	if state.Certificate == nil && d.PEM == nil {
		return state.drifts(*v.account.wanted(d), d), nil
	}
	if err := v.supplyMissing(d, state, do); err != nil {
		return nil, FailureOf(err)
	}
	state, err = v.read(d, PartAll, do)
	if err != nil {
		return nil, err
	}
	return state.drifts(*v.account.wanted(d), d), nil
}

// errChanging is the cause if somebody else changes a device while it is mended.
var errChanging = errors.New("somebody else is changing the device")

// supplyMissing makes the calls for what is missing, those first that the others need.
func (v *Verifier) supplyMissing(d *Device, state reading, do Stage) error {
	a, have := v.account, state.observed(d)
	var first []Step
	if state.Certificate == nil {
		first = append(first, registerMissing(a, d))
	} else if state.Certificate.ARN != "" {
		d.CertificateARN = state.Certificate.ARN
	}
	lack := lacking{
		policies: missing(a.wanted(d).Attachments.Policies, have.Policies),
		groups:   missing(a.wanted(d).Attachments.ThingGroups, have.Groups),
		link:     !have.Linked && len(have.OtherThings)+len(have.OtherPrincipals) == 0,
	}
	billing := false
	if state.Thing == nil {
		first = append(first, createThing(a, d))
	} else {
		if part, some := missingConfiguration(d.Thing, *state.Thing); some {
			first = append(first, updateThing(a, &Device{Thing: part, Wanted: d.Wanted}))
		}
		billing = d.Thing.BillingGroup != "" && state.Thing.BillingGroup == ""
	}
	if err := do(first...); err != nil {
		if iot.ClassOf(err) == iot.ClassExists {
			return &FailedError{Reason: ReasonConflictThing, Err: fmt.Errorf("%w: %w", errChanging, err)}
		}
		return err
	}
	if billing {
		if err := do(addToBillingGroup(a, d)); err != nil {
			return err
		}
	}
	return do(attachments(a, d, lack)...)
}

// registerMissing registers a certificate that reading did not show. If it exists all the same, and
// the answer to an earlier attempt was lost, that attempt registered it.
func registerMissing(a *Account, d *Device) Step {
	var lost time.Time
	step := registerCertificate(a, d, &lost)
	register := step.Do
	step.Do = func(c *call.Caller) (call.Result, error) {
		result, err := register(c)
		if iot.ClassOf(err) == iot.ClassExists && !lost.IsZero() {
			return result, nil
		}
		return result, err
	}
	return step
}

// missingConfiguration returns the thing with only the type and the attributes that the existing
// one lacks, and whether there are any.
func missingConfiguration(want, have iot.Thing) (part iot.Thing, some bool) {
	part.Name = want.Name
	if have.Type == "" && want.Type != "" {
		part.Type, some = want.Type, true
	}
	for name, value := range want.Attributes {
		if _, there := have.Attributes[name]; !there {
			if part.Attributes == nil {
				part.Attributes = map[string]string{}
			}
			part.Attributes[name], some = value, true
		}
	}
	return part, some
}
