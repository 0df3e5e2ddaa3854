package quota

import (
	"math"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
)

func TestResolveTakesTheStrongestSource(t *testing.T) {
	t.Parallel()
	applied := map[string]float64{"L-4671C7C8": 100, "L-CA7D4E3E": 40, "L-64CBACAC": 0}
	joint := map[string]float64{"L-4671C7C8": 100, Registrations: 15}
	const attach, register = iot.AttachPolicy, iot.RegisterCertificateWithoutCA
	type overrides = map[iot.Operation]Override
	for _, tt := range []struct {
		name string
		from Sources
		op   iot.Operation
		want Quota
	}{
		{"default", Sources{}, attach, Quota{attach, 15, FromDefault, "L-CA7D4E3E"}},
		{"account over default", Sources{Applied: applied}, attach, Quota{attach, 40, FromAccount, "L-CA7D4E3E"}},
		{"zero is ignored", Sources{Applied: applied}, iot.CreateThing, Quota{iot.CreateThing, 100, FromDefault, "L-64CBACAC"}},
		{
			"flag over account",
			Sources{Applied: applied, Overrides: overrides{attach: {Op: attach, TPS: 7}}},
			attach,
			Quota{attach, 7, FromFlag, "L-CA7D4E3E"},
		},
		{
			"flag is default",
			Sources{Applied: applied, Overrides: overrides{attach: {Op: attach, Default: true}}},
			attach,
			Quota{attach, 15, FromFlag, "L-CA7D4E3E"},
		},
		{"joint limit reported", Sources{Applied: joint}, register, Quota{register, 15, FromAccount, Registrations}},
		{"joint limit not reported", Sources{Applied: applied}, register, Quota{register, 100, FromAccount, "L-4671C7C8"}},
		{
			"joint limit above the quota",
			Sources{Applied: map[string]float64{Registrations: 15}},
			register,
			Quota{register, 10, FromDefault, "L-4671C7C8"},
		},
		{
			"flag over joint limit",
			Sources{Applied: joint, Overrides: overrides{register: {TPS: 80}}},
			register,
			Quota{register, 80, FromFlag, "L-4671C7C8"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := Resolve(tt.from)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Quota(tt.op); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestShareTakesItsPartOfEveryQuota(t *testing.T) {
	t.Parallel()
	s, err := Resolve(Sources{Share: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.TPS(iot.AttachPolicy); got != 7.5 {
		t.Errorf("half of 15 is %g", got)
	}
	if got := s.Quota(iot.AttachPolicy).TPS; got != 15 {
		t.Errorf("the quota shown is %g, want the account's", got)
	}
	for _, share := range []float64{-1, 1.5, math.NaN(), math.Inf(1)} {
		if _, err := Resolve(Sources{Share: share}); err == nil {
			t.Errorf("share %g was accepted", share)
		}
	}
}

func TestZeroSetLimitsNothing(t *testing.T) {
	t.Parallel()
	var s Set
	for _, q := range s.All() {
		if !math.IsInf(s.TPS(q.Op), 1) {
			t.Errorf("%s is limited to %g", q.Op, s.TPS(q.Op))
		}
	}
}
