package device

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Observed is the state of a device in AWS.
type Observed struct {
	// Registered reports whether the certificate is registered, with which Status.
	Registered bool
	Status     iot.Status
	// Thing is nil if it does not exist.
	Thing *iot.Thing
	// Linked reports whether certificate and thing are attached to each
	// other. Link is how, if AWS said so.
	Linked bool
	Link   string
	// OtherThings are the other things that the certificate is attached to,
	// OtherPrincipals the other principals of the thing. Both are sorted.
	OtherThings, OtherPrincipals []string
	Policies, Groups             []string
}

func (o *Observed) setLinks(d *Device, things, principals []iot.Link) {
	others := func(links []iot.Link, ours string) (names []string) {
		for _, link := range links {
			if link.Name != ours {
				names = append(names, link.Name)
				continue
			}
			o.Linked = true
			if link.Type != "" {
				o.Link = link.Type
			}
		}
		slices.Sort(names)
		return names
	}
	o.OtherThings = others(things, d.Thing.Name)
	o.OtherPrincipals = others(principals, d.CertificateARN)
}

// lacking is what a device lacks of the wanted state.
type lacking struct {
	status        bool // the certificate has another status
	thing         bool // the thing does not exist
	configuration bool // type or attributes of the thing differ
	billing       bool
	link          bool
	policies      []string
	groups        []string
}

// everything is what a device lacks after its certificate and thing were created.
func everything(w *Wanted) lacking {
	return lacking{link: true, policies: w.Attachments.Policies, groups: w.Attachments.ThingGroups}
}

const (
	exclusiveThing    = "EXCLUSIVE_THING"
	nonExclusiveThing = "NON_EXCLUSIVE_THING" // how AWS attaches by default
)

// difference compares the observed state with the wanted one. It returns what is
// lacking, or the conflict that prevents it from being supplied.
func difference(w Wanted, thing iot.Thing, have Observed) (lacking, error) {
	lack := lacking{
		thing:    have.Thing == nil,
		policies: missing(w.Attachments.Policies, have.Policies),
		groups:   missing(w.Attachments.ThingGroups, have.Groups),
	}
	for _, compare := range []func(*lacking, Wanted, iot.Thing, Observed) error{
		compareStatus, compareLink, compareType, compareBillingGroup, compareAttributes,
	} {
		if err := compare(&lack, w, thing, have); err != nil {
			return lacking{}, err
		}
	}
	return lack, nil
}

func conflictError(reason manifest.Reason, format string, args ...any) error {
	return &FailedError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

func compareStatus(lack *lacking, w Wanted, _ iot.Thing, have Observed) error {
	switch {
	case have.Status == w.Status:
		return nil
	case w.Adopt && have.Status == iot.StatusInactive:
		lack.status = true
		return nil
	}
	return conflictError(ReasonConflictStatus, "the certificate is %s; %s was asked for", have.Status, w.Status)
}

func compareLink(lack *lacking, w Wanted, _ iot.Thing, have Observed) error {
	switch {
	case len(have.OtherThings) > 0 && w.Exclusive:
		return conflictError(ReasonConflictExclusive, "the certificate is attached to thing %s", have.OtherThings[0])
	case len(have.OtherThings) > 0 && !w.Adopt:
		return conflictError(ReasonConflictOtherThing, "the certificate is attached to thing %s", have.OtherThings[0])
	case len(have.OtherPrincipals) > 0 && !w.Adopt:
		return conflictError(ReasonConflictOtherCert, "the thing has %s", have.OtherPrincipals[0])
	}
	lack.link = !have.Linked || w.Exclusive && have.Link == nonExclusiveThing
	return nil
}

func compareType(lack *lacking, w Wanted, thing iot.Thing, have Observed) error {
	switch {
	case have.Thing == nil, thing.Type == "", thing.Type == have.Thing.Type:
		return nil
	case w.Adopt:
		lack.configuration = true
		return nil
	case have.Thing.Type == "":
		return conflictError(ReasonConflictThingType, "the thing has no type; type %s was asked for", thing.Type)
	}
	return conflictError(ReasonConflictThingType, "the thing is of type %s; type %s was asked for", have.Thing.Type, thing.Type)
}

func compareBillingGroup(lack *lacking, w Wanted, thing iot.Thing, have Observed) error {
	switch {
	case have.Thing == nil, thing.BillingGroup == "", thing.BillingGroup == have.Thing.BillingGroup:
		return nil
	case have.Thing.BillingGroup != "":
		return conflictError(ReasonConflictBillingGroup,
			"the thing is in billing group %s; %s was asked for", have.Thing.BillingGroup, thing.BillingGroup)
	case w.Adopt:
		lack.billing = true
		return nil
	}
	return conflictError(ReasonConflictBillingGroup, "the thing is in no billing group; %s was asked for", thing.BillingGroup)
}

func compareAttributes(lack *lacking, w Wanted, thing iot.Thing, have Observed) error {
	if have.Thing == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(thing.Attributes)) {
		want := thing.Attributes[name]
		value, ok := have.Thing.Attributes[name]
		switch {
		case ok && value == want:
		case w.Adopt:
			lack.configuration = true
		case !ok:
			return conflictError(ReasonConflictAttribute, "attribute %s is missing; the manifest has %s", name, manifest.Quote(want))
		default:
			return conflictError(ReasonConflictAttribute,
				"attribute %s is %s; the manifest has %s", name, manifest.Quote(value), manifest.Quote(want))
		}
	}
	return nil
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
