package quota

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		binding          Op
	}{
		{"one policy at defaults", nil, 1, 1, 36000, RegisterCertificateWithoutCA},
		{"two policies at defaults", nil, 2, 1, 27000, AttachPolicy},
		{"no policies at defaults", nil, 0, 0, 36000, RegisterCertificateWithoutCA},
		{"raised, one policy", raised, 1, 1, 360000, AddThingToThingGroup},
		{"raised, two policies", raised, 2, 1, 180000, AttachPolicy},
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
	s := Unlimited()
	if rate, binding := Ceiling(s, FreshPath(s, 3, 2)); !math.IsInf(rate, 1) || binding != "" {
		t.Errorf("got %g by %q", rate, binding)
	}
	if rate, binding := Ceiling(resolved(t), nil); !math.IsInf(rate, 1) || binding != "" {
		t.Errorf("a device without calls: %g by %q", rate, binding)
	}
}

func TestCeilingOfPagedReading(t *testing.T) {
	t.Parallel()
	calls := Calls{ListThings: 1.0 / PageSize, ListThingPrincipals: 0.5, ListPrincipalThings: 0.5}
	if rate, binding := Ceiling(resolved(t), calls); rate != 20 || binding != ListPrincipalThings {
		t.Errorf("got %g by %s", rate, binding)
	}
}

func TestGroupCallTakesTheFasterForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		overrides []string
		groups    int
		op        Op
		calls     int
	}{
		{"no groups", nil, 0, "", 0},
		{"adds are faster at defaults", nil, 5, AddThingToThingGroup, 5},
		{"tie: fewer calls", nil, 10, UpdateThingGroupsForThing, 1},
		{"one group, update raised", []string{"UpdateThingGroupsForThing=200"}, 1, UpdateThingGroupsForThing, 1},
		{"one group, tie", []string{"UpdateThingGroupsForThing=100"}, 1, AddThingToThingGroup, 1},
		{"neither limited: fewer calls", []string{"UpdateThingGroupsForThing=none", "AddThingToThingGroup=none"}, 3, UpdateThingGroupsForThing, 1},
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
	want := Calls{RegisterCertificateWithoutCA: 1, CreateThing: 1, AttachThingPrincipal: 1, AttachPolicy: 2, AddThingToThingGroup: 3}
	got := FreshPath(resolved(t), 2, 3)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Total() != 8 {
		t.Errorf("total %g", got.Total())
	}
	sum := got.Add(Calls{AttachPolicy: 1, ListThings: 1.0 / PageSize})
	if sum[AttachPolicy] != 3 || got[AttachPolicy] != 2 {
		t.Errorf("sum %v of %v", sum, got)
	}
	if s := (Calls{CreateThing: 1, AttachPolicy: 2, DescribeThing: 0, ListThings: 0.004}).String(); s != "AttachPolicy 2, CreateThing 1, ListThings 0.004" {
		t.Errorf("shown as %q", s)
	}
}
