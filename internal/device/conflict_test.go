package device

import (
	"errors"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

// state returns a device that has everything in wanted, modified by f.
func state(f func(*Observed)) Observed {
	o := Observed{
		Status: iot.StatusActive, Linked: true, Link: nonExclusiveThing,
		Thing:    &iot.Thing{Name: "t", Type: "sensor", BillingGroup: "plant", Attributes: map[string]string{"mac": "A", "extra": "x"}},
		Policies: []string{"p", "more"}, Groups: []string{"g", "more"},
	}
	if f != nil {
		f(&o)
	}
	return o
}

func TestDifferenceIsWhatIsLackingOrAConflict(t *testing.T) {
	t.Parallel()
	want := iot.Thing{Name: "t", Type: "sensor", BillingGroup: "plant", Attributes: map[string]string{"mac": "A"}}
	attach := Attachments{Policies: []string{"p"}, ThingGroups: []string{"g"}}
	for _, test := range []struct {
		name   string
		wanted Wanted
		have   Observed
		plain  any // a plan, or the reason of the conflict
		adopt  any
	}{
		{"everything exists, and more", Wanted{}, state(nil), lacking{}, lacking{}},
		{
			"inactive certificate",
			Wanted{},
			state(func(o *Observed) { o.Status = iot.StatusInactive }),
			ReasonConflictStatus,
			lacking{status: true},
		},
		{
			"revoked certificate",
			Wanted{},
			state(func(o *Observed) { o.Status = iot.StatusRevoked }),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"active certificate, INACTIVE wanted",
			Wanted{Status: iot.StatusInactive},
			state(nil),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"pending transfer",
			Wanted{},
			state(func(o *Observed) { o.Status = "PENDING_TRANSFER" }),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"certificate on another thing",
			Wanted{},
			state(func(o *Observed) { o.Linked, o.OtherThings = false, []string{"u"} }),
			ReasonConflictOtherThing,
			lacking{link: true},
		},
		{
			"certificate on another thing as well",
			Wanted{},
			state(func(o *Observed) { o.OtherThings = []string{"u"} }),
			ReasonConflictOtherThing,
			lacking{},
		},
		{
			"certificate on another thing, exclusive",
			Wanted{Exclusive: true},
			state(func(o *Observed) { o.Linked, o.OtherThings = false, []string{"u"} }),
			ReasonConflictExclusive, ReasonConflictExclusive,
		},
		{
			"thing with another certificate",
			Wanted{},
			state(func(o *Observed) { o.Linked, o.OtherPrincipals = false, []string{"arn:c"} }),
			ReasonConflictOtherCert,
			lacking{link: true},
		},
		{
			"attached, but not exclusively",
			Wanted{Exclusive: true},
			state(nil),
			lacking{link: true},
			lacking{link: true},
		},
		{
			"attached exclusively",
			Wanted{Exclusive: true},
			state(func(o *Observed) { o.Link = "EXCLUSIVE_THING" }),
			lacking{},
			lacking{},
		},
		{
			"attached in an unknown way",
			Wanted{Exclusive: true},
			state(func(o *Observed) { o.Link = "" }),
			lacking{},
			lacking{},
		},
		{
			"another type",
			Wanted{},
			state(func(o *Observed) { o.Thing.Type = "lamp" }),
			ReasonConflictThingType,
			lacking{configuration: true},
		},
		{
			"no type",
			Wanted{},
			state(func(o *Observed) { o.Thing.Type = "" }),
			ReasonConflictThingType,
			lacking{configuration: true},
		},
		{
			"another billing group",
			Wanted{},
			state(func(o *Observed) { o.Thing.BillingGroup = "office" }),
			ReasonConflictBillingGroup, ReasonConflictBillingGroup,
		},
		{
			"no billing group",
			Wanted{},
			state(func(o *Observed) { o.Thing.BillingGroup = "" }),
			ReasonConflictBillingGroup,
			lacking{billing: true},
		},
		{
			"another attribute value",
			Wanted{},
			state(func(o *Observed) { o.Thing.Attributes["mac"] = "B" }),
			ReasonConflictAttribute,
			lacking{configuration: true},
		},
		{
			"missing attribute",
			Wanted{},
			state(func(o *Observed) { delete(o.Thing.Attributes, "mac") }),
			ReasonConflictAttribute,
			lacking{configuration: true},
		},
		{
			"only the certificate",
			Wanted{},
			Observed{Status: iot.StatusActive},
			lacking{thing: true, link: true, policies: []string{"p"}, groups: []string{"g"}},
			lacking{thing: true, link: true, policies: []string{"p"}, groups: []string{"g"}},
		},
		{
			"missing policy and group",
			Wanted{},
			state(func(o *Observed) { o.Policies, o.Groups = nil, []string{"more"} }),
			lacking{policies: []string{"p"}, groups: []string{"g"}},
			lacking{policies: []string{"p"}, groups: []string{"g"}},
		},
	} {
		for adopt, expected := range map[bool]any{false: test.plain, true: test.adopt} {
			wanted := test.wanted
			wanted.Attachments, wanted.Adopt = attach, adopt
			if wanted.Status == "" {
				wanted.Status = iot.StatusActive
			}
			got, err := difference(wanted, want, test.have)
			var failure *FailedError
			reason, conflicts := expected.(manifest.Reason)
			switch {
			case conflicts && (!errors.As(err, &failure) || failure.Reason != reason):
				t.Errorf("%s, adopt %v: %v, want %s", test.name, adopt, err, reason)
			case !conflicts && err != nil:
				t.Errorf("%s, adopt %v: %v", test.name, adopt, err)
			case !conflicts:
				if diff := cmp.Diff(expected, got, cmp.AllowUnexported(lacking{})); diff != "" {
					t.Errorf("%s, adopt %v: %s", test.name, adopt, diff)
				}
			}
		}
	}
}
