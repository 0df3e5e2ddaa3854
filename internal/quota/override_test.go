package quota

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
)

func TestParseOverride(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want Override
	}{
		{"AttachPolicy=25", Override{Op: iot.AttachPolicy, TPS: 25}},
		{"attachpolicy = 0.5", Override{Op: iot.AttachPolicy, TPS: 0.5}},
		{"CreateThing=none", Override{Op: iot.CreateThing, TPS: math.Inf(1)}},
		{"CreateThing=NONE", Override{Op: iot.CreateThing, TPS: math.Inf(1)}},
		{"ListThings=default", Override{Op: iot.ListThings, Default: true}},
	} {
		got, err := ParseOverrides([]string{tt.in})
		if err != nil || got[tt.want.Op] != tt.want {
			t.Errorf("ParseOverrides(%q) = %+v, %v", tt.in, got, err)
		}
	}
}

func TestParseOverrideSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, says string }{
		{"", "expected OPERATION=TPS"},
		{"AttachPolicy", "expected OPERATION=TPS"},
		{"=5", "expected OPERATION=TPS"},
		{"AttachPolicy=", "expected OPERATION=TPS"},
		{"AttachPolcy=5", "did you mean AttachPolicy?"},
		{"RegisterCertificate=5", "did you mean RegisterCertificateWithoutCA?"},
		{"AttachThingToThingGroup=5", "did you mean AddThingToThingGroup?"},
		{"frobnicate=5", "`thingpress quotas` lists all"},
		{strings.Repeat("x", 1<<16) + "=5", "lists all"},
		{"AttachPolicy=fast", "not a number"},
		{"AttachPolicy=NaN", "not a number"},
		{"AttachPolicy=inf", "not a number"},
		{"AttachPolicy=1e999", "not a number"},
		{"AttachPolicy=0", "at least 0.2"},
		{"AttachPolicy=-3", "at least 0.2"},
	} {
		_, err := ParseOverrides([]string{tt.in})
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("ParseOverrides(%.40q): %.200v, want it to contain %q", tt.in, err, tt.says)
		}
	}
}

func TestParseOverridesTakesTheLast(t *testing.T) {
	t.Parallel()
	got, err := ParseOverrides([]string{"AttachPolicy=1", "CreateThing=2", "AttachPolicy=3"})
	if err != nil || len(got) != 2 || got[iot.AttachPolicy].TPS != 3 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := ParseOverrides([]string{"AttachPolicy=1", "x"}); err == nil {
		t.Error("an invalid value among valid ones was accepted")
	}
}

func FuzzParseOverride(f *testing.F) {
	for _, s := range []string{"AttachPolicy=25", "CreateThing=none", "=", "ListThings=default", "a=1e400", "\x00=\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := ParseOverrides([]string{s})
		if err != nil {
			return
		}
		for op, o := range parsed {
			known := o.Op == op && slices.ContainsFunc(Defaults(), func(d Default) bool { return d.Op == op })
			if !known || !o.Default && !(o.TPS >= Floor) {
				t.Errorf("%q gave %+v", s, o)
			}
		}
	})
}
