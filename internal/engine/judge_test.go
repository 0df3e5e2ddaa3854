package engine

import (
	"errors"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

// state is a device that has everything that wanted asks for, changed by f.
func state(f func(*observed)) observed {
	o := observed{
		status: iot.StatusActive, linked: true, link: nonExclusive,
		thing:    &iot.Thing{Name: "t", Type: "sensor", BillingGroup: "plant", Attributes: map[string]string{"mac": "A", "extra": "x"}},
		policies: []string{"p", "more"}, groups: []string{"g", "more"},
	}
	if f != nil {
		f(&o)
	}
	return o
}

func TestJudge(t *testing.T) {
	t.Parallel()
	want := iot.Thing{Name: "t", Type: "sensor", BillingGroup: "plant", Attributes: map[string]string{"mac": "A"}}
	attach := Attachments{Policies: []string{"p"}, ThingGroups: []string{"g"}}
	for _, test := range []struct {
		name     string
		settings Settings
		have     observed
		plain    any // a plan, or the reason of the conflict
		adopt    any
	}{
		{"all there, more beside it", Settings{}, state(nil), plan{}, plan{}},
		{
			"inactive certificate",
			Settings{},
			state(func(o *observed) { o.status = iot.StatusInactive }),
			ReasonConflictStatus,
			plan{updateStatus: true},
		},
		{
			"revoked certificate",
			Settings{},
			state(func(o *observed) { o.status = iot.StatusRevoked }),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"active certificate that is to be inactive",
			Settings{Status: iot.StatusInactive},
			state(nil),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"pending transfer",
			Settings{},
			state(func(o *observed) { o.status = "PENDING_TRANSFER" }),
			ReasonConflictStatus, ReasonConflictStatus,
		},
		{
			"certificate on another thing",
			Settings{},
			state(func(o *observed) { o.linked, o.otherThings = false, []string{"u"} }),
			ReasonConflictOtherThing,
			plan{attach: true},
		},
		{
			"certificate on another thing as well",
			Settings{},
			state(func(o *observed) { o.otherThings = []string{"u"} }),
			ReasonConflictOtherThing,
			plan{},
		},
		{
			"certificate on another thing, exclusive",
			Settings{Exclusive: true},
			state(func(o *observed) { o.linked, o.otherThings = false, []string{"u"} }),
			ReasonConflictExclusive, ReasonConflictExclusive,
		},
		{
			"thing with another certificate",
			Settings{},
			state(func(o *observed) { o.linked, o.otherPrincipals = false, []string{"arn:c"} }),
			ReasonConflictOtherCert,
			plan{attach: true},
		},
		{
			"attached, but not exclusively",
			Settings{Exclusive: true},
			state(nil),
			plan{attach: true},
			plan{attach: true},
		},
		{
			"attached exclusively",
			Settings{Exclusive: true},
			state(func(o *observed) { o.link = "EXCLUSIVE_THING" }),
			plan{},
			plan{},
		},
		{
			"attached, and it is not told how",
			Settings{Exclusive: true},
			state(func(o *observed) { o.link = "" }),
			plan{},
			plan{},
		},
		{
			"another type",
			Settings{},
			state(func(o *observed) { o.thing.Type = "lamp" }),
			ReasonConflictThingType,
			plan{updateThing: true},
		},
		{
			"no type",
			Settings{},
			state(func(o *observed) { o.thing.Type = "" }),
			ReasonConflictThingType,
			plan{updateThing: true},
		},
		{
			"another billing group",
			Settings{},
			state(func(o *observed) { o.thing.BillingGroup = "office" }),
			ReasonConflictBillingGroup, ReasonConflictBillingGroup,
		},
		{
			"no billing group",
			Settings{},
			state(func(o *observed) { o.thing.BillingGroup = "" }),
			ReasonConflictBillingGroup,
			plan{billing: true},
		},
		{
			"another attribute value",
			Settings{},
			state(func(o *observed) { o.thing.Attributes["mac"] = "B" }),
			ReasonConflictAttribute,
			plan{updateThing: true},
		},
		{
			"attribute lacking",
			Settings{},
			state(func(o *observed) { delete(o.thing.Attributes, "mac") }),
			ReasonConflictAttribute,
			plan{updateThing: true},
		},
		{
			"nothing but the certificate",
			Settings{},
			observed{status: iot.StatusActive},
			plan{createThing: true, attach: true, policies: []string{"p"}, groups: []string{"g"}},
			plan{createThing: true, attach: true, policies: []string{"p"}, groups: []string{"g"}},
		},
		{
			"policy and group lacking",
			Settings{},
			state(func(o *observed) { o.policies, o.groups = nil, []string{"more"} }),
			plan{policies: []string{"p"}, groups: []string{"g"}},
			plan{policies: []string{"p"}, groups: []string{"g"}},
		},
	} {
		for adopt, expected := range map[bool]any{false: test.plain, true: test.adopt} {
			settings := test.settings
			settings.Attachments, settings.Adopt = attach, adopt
			got, err := judge(settings, want, test.have)
			var failure *deviceError
			reason, conflicts := expected.(manifest.Reason)
			switch {
			case conflicts && (!errors.As(err, &failure) || failure.reason != reason):
				t.Errorf("%s, adopt %v: %v, want %s", test.name, adopt, err, reason)
			case !conflicts && err != nil:
				t.Errorf("%s, adopt %v: %v", test.name, adopt, err)
			case !conflicts:
				if diff := cmp.Diff(expected, got, cmp.AllowUnexported(plan{})); diff != "" {
					t.Errorf("%s, adopt %v: %s", test.name, adopt, diff)
				}
			}
		}
	}
}
