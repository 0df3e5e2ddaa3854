package sandbox

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/quota"
)

func TestFlagsMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]Faults{
		"": {},
		"throttle=0.05,error=0.02,drop=0.01,stall=0.01,stale=2s": {Throttle: 0.05, Error: 0.02, Drop: 0.01, Stall: 0.01, Stale: 2 * time.Second},
		"drop=1": {Drop: 1},
	} {
		if got, err := ParseFaults(value); err != nil || got != want {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
	for value, want := range map[string]Latency{
		"": {}, "40ms": {Mean: 40 * time.Millisecond}, "40ms±20ms": {40 * time.Millisecond, 20 * time.Millisecond},
		"1s+-1s": {time.Second, time.Second},
	} {
		if got, err := ParseLatency(value); err != nil || got != want {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
	half, err := ParseQuotas([]string{"default*0.5", "CreateThing=3"})
	if err != nil || half["AttachPolicy"] != 7.5 || half["CreateThing"] != 3 {
		t.Errorf("half of the defaults: %v, %v", half, err)
	}
	for _, values := range [][]string{nil, {"none"}, {"default", "none"}} {
		if got, err := ParseQuotas(values); err != nil || len(got) != 0 {
			t.Errorf("%v: %v, %v", values, got, err)
		}
	}
	if all, err := ParseQuotas([]string{"default"}); err != nil || !maps.Equal(all, func() map[string]float64 {
		m := map[string]float64{}
		for _, name := range Operations() {
			m[name] = 10
		}
		for _, q := range quota.Defaults() {
			m[string(q.Op)] = q.TPS
		}
		return m
	}()) {
		t.Errorf("defaults: %v, %v", all, err)
	}
}

func TestFlagsThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"throttle", "throttle=2", "throttle=-1", "throttle=NaN", "throttle=0.6,error=0.6", "stale=-1s", "stale=2",
		"slow=1",
	} {
		if f, err := ParseFaults(value); err == nil {
			t.Errorf("faults %q: %+v", value, f)
		}
	}
	for _, value := range []string{"40", "-1ms", "10ms±20ms", "±5ms", "10ms±"} {
		if l, err := ParseLatency(value); err == nil {
			t.Errorf("latency %q: %+v", value, l)
		}
	}
	for _, value := range []string{"", "all", "default*0", "default*x", "CreateThing", "CreateThing=0", "CreateThing=Inf", "CreateThng=5"} {
		if q, err := ParseQuotas([]string{value}); err == nil || !strings.Contains(err.Error(), "quota") {
			t.Errorf("quota %q: %v, %v", value, q, err)
		}
	}
	for name, options := range map[string]Options{
		"account":   {Account: "12345"},
		"quota":     {Quotas: map[string]float64{"Nothing": 1}},
		"no quota":  {Quotas: map[string]float64{"CreateThing": 0}},
		"applied":   {Applied: map[string]float64{"Nothing": 1}},
		"faults":    {Faults: Faults{Throttle: 2}},
		"latency":   {Latency: Latency{Jitter: time.Second}},
		"directory": {StatePath: "/dev/null/state"},
	} {
		if s, err := New(options); err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

func TestEveryDefaultIsOfAnOperation(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{}
	for _, q := range quota.Defaults() {
		if !limitable(string(q.Op)) || codes[q.Code] || q.TPS <= 0 {
			t.Errorf("%+v", q)
		}
		codes[q.Code] = true
	}
}
