package quota

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
)

func resolved(t *testing.T, overrides ...string) Set {
	t.Helper()
	o, err := ParseOverrides(overrides)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Resolve(Sources{Overrides: o})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCeilingOfTheFreshPath(t *testing.T) {
	t.Parallel()
	raised := []string{"RegisterCertificateWithoutCA=100", "AttachPolicy=100"}
	for _, tt := range []struct {
		name             string
		overrides        []string
		policies, groups int
		perHour          float64
		binding          iot.Operation
	}{
		{"one policy at defaults", nil, 1, 1, 36000, iot.RegisterCertificateWithoutCA},
		{"two policies at defaults", nil, 2, 1, 27000, iot.AttachPolicy},
		{"no policies at defaults", nil, 0, 0, 36000, iot.RegisterCertificateWithoutCA},
		{"raised, one policy", raised, 1, 1, 360000, iot.AddThingToThingGroup},
		{"raised, two policies", raised, 2, 1, 180000, iot.AttachPolicy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := resolved(t, tt.overrides...)
			rate, binding := Ceiling(s, FreshPath(s, tt.policies, tt.groups))
			if math.Abs(rate*3600-tt.perHour) > 1e-6 || binding != tt.binding {
				t.Errorf("got %g an hour by %s, want %g by %s", rate*3600, binding, tt.perHour, tt.binding)
			}
		})
	}
}

func TestCeilingWithoutQuotasIsUnbounded(t *testing.T) {
	t.Parallel()
	s := Set{}
	if rate, binding := Ceiling(s, FreshPath(s, 3, 2)); !math.IsInf(rate, 1) || binding != "" {
		t.Errorf("got %g by %q", rate, binding)
	}
	if rate, binding := Ceiling(resolved(t), nil); !math.IsInf(rate, 1) || binding != "" {
		t.Errorf("a device without calls: %g by %q", rate, binding)
	}
}

func TestCeilingOfPagedReading(t *testing.T) {
	t.Parallel()
	calls := Calls{iot.ListThings: 1.0 / PageSize, iot.ListThingPrincipals: 0.5, iot.ListPrincipalThings: 0.5}
	if rate, binding := Ceiling(resolved(t), calls); rate != 20 || binding != iot.ListPrincipalThings {
		t.Errorf("got %g by %s", rate, binding)
	}
}

func TestGroupCallTakesTheFasterForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		overrides []string
		groups    int
		op        iot.Operation
		calls     int
	}{
		{"no groups", nil, 0, "", 0},
		{"adds are faster at defaults", nil, 5, iot.AddThingToThingGroup, 5},
		{"tie: fewer calls", nil, 10, iot.UpdateThingGroupsForThing, 1},
		{"one group, update raised", []string{"UpdateThingGroupsForThing=200"}, 1, iot.UpdateThingGroupsForThing, 1},
		{"one group, tie", []string{"UpdateThingGroupsForThing=100"}, 1, iot.AddThingToThingGroup, 1},
		{
			"neither limited: fewer calls",
			[]string{"UpdateThingGroupsForThing=none", "AddThingToThingGroup=none"},
			3, iot.UpdateThingGroupsForThing, 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			op, calls := GroupCall(resolved(t, tt.overrides...), tt.groups)
			if op != tt.op || calls != tt.calls {
				t.Errorf("got %s × %d, want %s × %d", op, calls, tt.op, tt.calls)
			}
		})
	}
}

func TestFreshPathCountsThreeAndAttachments(t *testing.T) {
	t.Parallel()
	want := Calls{
		iot.RegisterCertificateWithoutCA: 1, iot.CreateThing: 1, iot.AttachThingPrincipal: 1, iot.AttachPolicy: 2,
		iot.AddThingToThingGroup: 3,
	}
	got := FreshPath(resolved(t), 2, 3)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Total() != 8 {
		t.Errorf("total %g", got.Total())
	}
}
