package stack_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// Settings that a later function parses must mean the same as the original ones.
func TestNoSettingIsLostWhenTheyAreFrozen(t *testing.T) {
	t.Parallel()
	name, err := manifest.ParseTemplate("line-{mac}")
	if err != nil {
		t.Fatal(err)
	}
	seven, err := manifest.ParseTemplate("7")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 23, 16, 0, 0, 123, time.UTC)
	for what, config := range map[string]stack.Parameters{
		"all": {
			Attachments: device.Attachments{
				Policies: []string{"a", "b,c"}, ThingGroups: []string{"g"}, ThingType: "t", BillingGroup: "b",
				Attributes: []device.Attribute{{Name: "mac", Value: name}, {Name: "line", Value: seven}},
			},
			Status: iot.StatusInactive, ThingName: name, Bundle: "E0E2", Slot: "3", AllowExpired: true, AllowCA: true,
			AllowLateSignature: true,
		},
		"none": {Status: iot.StatusActive},
	} {
		text, err := stack.FreezeSettings(config.Settings(), stack.Allowed{}, began)
		if err != nil {
			t.Fatal(err)
		}
		got, err := stack.ParseSettings(text)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !got.Decode.Now.Equal(began) {
			t.Errorf("%s: validity is held against %v", what, got.Decode.Now)
		}
		if diff := cmp.Diff(config.Attachments, got.Attachments,
			cmp.Comparer(func(a, b manifest.Template) bool { return a.String() == b.String() })); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		again, err := stack.FreezeSettings(got, stack.Allowed{}, began)
		if err != nil || again != text {
			t.Errorf("%s: %s comes back as %s, %v", what, text, again, err)
		}
	}
}

func TestSettingsThatCannotBeReadAreNotTakenForNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{", `{"settings":{"thing_name":"{nonsense}"}}`,
		`{"settings":{"attributes":[{"name":"a","value":"{nonsense}"}]}}`,
	} {
		if s, err := stack.ParseSettings(text); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
}

// The ledger of the version before had nothing of what entries asked for, and devices would be compared with less
// than they were to get.
func TestImportsOfTheVersionBeforeDoNotKeepWhatWasAsked(t *testing.T) {
	t.Parallel()
	frozen, err := stack.FreezeSettings(engine.Settings{}, stack.Allowed{Policies: []string{"a"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`{"settings":{},"now":"2026-11-25T10:00:00Z","allowed":{"policies":["a"]}}`: false,
		`{"settings":{},"now":"2026-11-25T10:00:00Z"}`:                              true,
		frozen: true,
	} {
		if kept, err := stack.KeepsAsked(text); err != nil || kept != want {
			t.Errorf("%s: %v, %v", text, kept, err)
		}
	}
}
