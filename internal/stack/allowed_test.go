package stack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A file in a bucket must not be able to grant itself a policy.
func TestEntryGetsOnlyWhatTheParametersAllow(t *testing.T) {
	t.Parallel()
	allowed := stack.Allowed{
		Policies: []string{"line-7"}, ThingGroups: []string{"hall-2"}, ThingTypes: []string{"lamp"}, BillingGroups: []string{"acme"},
		Attributes: []string{"site"},
	}
	imports := engine.Settings{Status: iot.StatusActive, Attachments: device.Attachments{
		Policies: []string{"all"}, ThingGroups: []string{"everything"}, ThingType: "sensor", BillingGroup: "us",
	}}
	inactive := imports
	inactive.Status = iot.StatusInactive
	for name, test := range map[string]struct {
		asked   *manifest.Settings
		imports engine.Settings
		refused string
	}{
		"nothing": {nil, imports, ""},
		"what is allowed": {&manifest.Settings{
			Policies: []string{"line-7"}, ThingGroups: []string{"hall-2"}, ThingType: "lamp", BillingGroup: "acme", Status: "inactive",
			Attributes: map[string]string{"site": "a"},
		}, imports, ""},
		"what every device gets": {&manifest.Settings{
			Policies: []string{"all"}, ThingGroups: []string{"everything"}, ThingType: "sensor", BillingGroup: "us", Status: "ACTIVE",
		}, imports, ""},
		"a policy":          {&manifest.Settings{Policies: []string{"line-7", "admin"}}, imports, "AllowedPolicies"},
		"a thing group":     {&manifest.Settings{ThingGroups: []string{"line-7"}}, imports, "AllowedThingGroups"},
		"a thing type":      {&manifest.Settings{ThingType: "door"}, imports, "AllowedThingTypes"},
		"a billing group":   {&manifest.Settings{BillingGroup: "them"}, imports, "AllowedBillingGroups"},
		"an attribute":      {&manifest.Settings{Attributes: map[string]string{"role": "admin"}}, imports, "AllowedAttributes"},
		"an active one":     {&manifest.Settings{Status: "active"}, inactive, "CertificateStatus"},
		"an inactive one":   {&manifest.Settings{Status: "INACTIVE"}, inactive, ""},
		"another character": {&manifest.Settings{Policies: []string{"Line-7"}}, imports, "AllowedPolicies"},
	} {
		err := allowed.Check(test.asked, test.imports)
		if test.refused == "" && err != nil || test.refused != "" && (manifest.ReasonOf(err) != manifest.ReasonBadSettings ||
			!strings.Contains(err.Error(), test.refused)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An import keeps the lists with which it began, and one of a version without them allows nothing.
func TestAllowedIsFrozenWithTheSettings(t *testing.T) {
	t.Parallel()
	allowed := stack.Allowed{Policies: []string{"p"}, Attributes: []string{"a"}}
	text, err := stack.FreezeSettings(engine.Settings{}, allowed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	again, err := stack.ParseAllowed(text)
	if diff := cmp.Diff(allowed, again); diff != "" || err != nil {
		t.Error(diff, err)
	}
	text, err = stack.FreezeSettings(engine.Settings{}, stack.Allowed{}, time.Now())
	if err != nil || strings.Contains(text, "allowed\":{") {
		t.Errorf("%s, %v", text, err)
	}
	if none, err := stack.ParseAllowed(text); err != nil || none.Check(&manifest.Settings{Policies: []string{"p"}}, engine.Settings{}) == nil {
		t.Errorf("%+v, %v", none, err)
	}
}
