package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/manifest"
)

// observed is the state of a device that exists, at least in part.
type observed struct {
	status iot.Status
	// thing is nil where it does not exist.
	thing *iot.Thing
	// linked says that certificate and thing are attached to each other, and
	// link how, where that was told.
	linked bool
	link   string
	// otherThings are what the certificate is attached to beside our thing,
	// otherPrincipals what our thing has beside the certificate.
	otherThings, otherPrincipals []string
	policies, groups             []string
}

// A plan is what has to be done for a device.
type plan struct {
	updateStatus bool
	createThing  bool
	updateThing  bool
	billing      bool
	attach       bool
	policies     []string
	groups       []string
}

// nonExclusive is what AWS calls an attachment without --exclusive.
const nonExclusive = "NON_EXCLUSIVE_THING"

// judge holds what is observed against what is wanted. It returns what has to
// be done, or the conflict that keeps it from being done.
func judge(s Settings, want iot.Thing, have observed) (plan, error) {
	var p plan
	for _, check := range []func(*plan, Settings, iot.Thing, observed) error{
		judgeStatus, judgeLink, judgeType, judgeBillingGroup, judgeAttributes,
	} {
		if err := check(&p, s, want, have); err != nil {
			return plan{}, err
		}
	}
	p.createThing = have.thing == nil
	p.policies = lacking(s.Attachments.Policies, have.policies)
	p.groups = lacking(s.Attachments.ThingGroups, have.groups)
	return p, nil
}

func lacking(want, have []string) []string {
	var missing []string
	for _, name := range want {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

func conflict(reason manifest.Reason, format string, args ...any) error {
	return &deviceError{reason: reason, err: fmt.Errorf(format, args...)}
}

func judgeStatus(p *plan, s Settings, _ iot.Thing, have observed) error {
	switch {
	case have.status == s.status():
		return nil
	case s.Adopt && have.status == iot.StatusInactive:
		p.updateStatus = true
		return nil
	}
	return conflict(ReasonConflictStatus, "the certificate is %s, and not %s", have.status, s.status())
}

func judgeLink(p *plan, s Settings, _ iot.Thing, have observed) error {
	switch {
	case len(have.otherThings) > 0 && s.Exclusive:
		return conflict(ReasonConflictExclusive, "the certificate is attached to thing %s", have.otherThings[0])
	case len(have.otherThings) > 0 && !s.Adopt:
		return conflict(ReasonConflictOtherThing, "the certificate is attached to thing %s", have.otherThings[0])
	case len(have.otherPrincipals) > 0 && !s.Adopt:
		return conflict(ReasonConflictOtherCert, "the thing has %s", have.otherPrincipals[0])
	}
	p.attach = !have.linked || s.Exclusive && have.link == nonExclusive
	return nil
}

func judgeType(p *plan, s Settings, want iot.Thing, have observed) error {
	switch {
	case have.thing == nil, want.Type == "", want.Type == have.thing.Type:
		return nil
	case s.Adopt:
		p.updateThing = true
		return nil
	case have.thing.Type == "":
		return conflict(ReasonConflictThingType, "the thing has no type, and not type %s", want.Type)
	}
	return conflict(ReasonConflictThingType, "the thing is of type %s, and not %s", have.thing.Type, want.Type)
}

func judgeBillingGroup(p *plan, s Settings, want iot.Thing, have observed) error {
	switch {
	case have.thing == nil, want.BillingGroup == "", want.BillingGroup == have.thing.BillingGroup:
		return nil
	case have.thing.BillingGroup != "":
		return conflict(ReasonConflictBillingGroup, "the thing is in billing group %s, and not %s", have.thing.BillingGroup, want.BillingGroup)
	case s.Adopt:
		p.billing = true
		return nil
	}
	return conflict(ReasonConflictBillingGroup, "the thing is in no billing group, and not in %s", want.BillingGroup)
}

func judgeAttributes(p *plan, s Settings, want iot.Thing, have observed) error {
	if have.thing == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(want.Attributes)) {
		value, ok := have.thing.Attributes[name]
		switch {
		case ok && value == want.Attributes[name]:
		case s.Adopt:
			p.updateThing = true
		case !ok:
			return conflict(ReasonConflictAttribute, "the thing has no attribute %s, and not %s", name, manifest.Quote(want.Attributes[name]))
		default:
			return conflict(ReasonConflictAttribute, "attribute %s of the thing is %s, and not %s",
				name, manifest.Quote(value), manifest.Quote(want.Attributes[name]))
		}
	}
	return nil
}
