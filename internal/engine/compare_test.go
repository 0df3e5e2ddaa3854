package engine_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

func (w *world) compare(content []byte) engine.Comparison {
	w.Helper()
	return w.compareTelling(content, nil)
}

func (w *world) compareTelling(content []byte, events engine.Events) engine.Comparison {
	w.Helper()
	sources := w.sources(content)
	scan, err := engine.Scan(w.Context(), sources, w.settings, nil)
	if err != nil {
		w.Fatal(err)
	}
	before := w.server.Created()
	found, err := engine.Compare(w.Context(), engine.Config{
		Settings: w.settings, Target: w.target, AWS: w.aws, Limiters: w.limiters, Events: events,
	}, sources, scan)
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(before, w.server.Created()); diff != "" {
		w.Errorf("comparing changed something:\n%s", diff)
	}
	if sum := found.New + found.Unchanged + found.Completed + found.Conflicts; sum != scan.Devices {
		w.Errorf("%d devices, but %+v", scan.Devices, found)
	}
	return found
}

// part returns the first n devices of a manifest with a header and one line per device.
func part(content []byte, n int) []byte {
	lines := bytes.SplitAfter(content, []byte("-----END CERTIFICATE-----"))
	return append(bytes.Join(lines[:n], nil), '"', '\n')
}

func asCalls(calls map[string]int) quota.Calls {
	out := quota.Calls{}
	for op, n := range calls {
		out[iot.Operation(op)] = float64(n)
	}
	return out
}

func TestPlannedCallsAreTheCallsOfTheImport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		existing int
		change   func(*engine.Settings) // after the first import
		want     engine.Comparison
	}{
		{"fresh", 0, nil, engine.Comparison{New: 90}},
		{"a third exists", 30, nil, engine.Comparison{New: 60, Unchanged: 30}},
		{"another policy for existing devices", 30, func(s *engine.Settings) {
			s.Attachments.Policies = append(s.Attachments.Policies, "more")
		}, engine.Comparison{New: 60, Completed: 30}},
		{"other attributes", 30, func(s *engine.Settings) {
			s.Attachments.Attributes = []device.Attribute{{Name: "mac", Value: template("x{mac}")}}
		}, engine.Comparison{New: 60, Conflicts: 30}},
		{"other attributes, adopted", 30, func(s *engine.Settings) {
			s.Adopt = true
			s.Attachments.Attributes = []device.Attribute{{Name: "mac", Value: template("x{mac}")}}
		}, engine.Comparison{New: 60, Completed: 30}},
		{"other names, adopted", 30, func(s *engine.Settings) {
			s.Adopt = true
			s.Decode.ThingName = template("dev-{mac}")
		}, engine.Comparison{New: 60, Completed: 30}},
		{"exclusive", 30, func(s *engine.Settings) { s.Exclusive = true }, engine.Comparison{New: 60, Completed: 30}},
		{"no group, no policy", 30, func(s *engine.Settings) {
			s.Attachments.Policies, s.Attachments.ThingGroups = nil, nil
		}, engine.Comparison{New: 60, Unchanged: 30}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, sandbox.Transport)
			w.ledger = &memoryLedger{}
			if _, err := w.server.Ensure([]string{"more"}, "", nil, ""); err != nil {
				t.Fatal(err)
			}
			content := espressifManifest(t, 90, "calls")
			if test.existing > 0 {
				if s := w.must(w.sources(part(content, test.existing))); s.Counts.Imported != test.existing {
					t.Fatalf("%+v", s.Counts)
				}
			}
			if test.change != nil {
				test.change(&w.settings)
			}
			plan := w.compare(content)
			got := engine.Comparison{New: plan.New, Unchanged: plan.Unchanged, Completed: plan.Completed, Conflicts: plan.Conflicts}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s\n%+v", diff, plan.Failures)
			}
			w.ledger = &memoryLedger{}
			made := w.must(w.sources(content))
			if diff := cmp.Diff(asCalls(made.Calls), plan.Calls); diff != "" {
				t.Errorf("calls of the import (-) and those of the plan (+):\n%s", diff)
			}
			if made.Counts.Imported != plan.New+plan.Completed || made.Counts.Unchanged != plan.Unchanged || made.Counts.Failed != plan.Conflicts {
				t.Errorf("the import: %+v, the plan: %+v", made.Counts, got)
			}
		})
	}
}

func TestPlanOfNewDevicesIsTheFreshPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	content := espressifManifest(t, 20, "fresh")
	scan, err := engine.Scan(t.Context(), w.sources(content), w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := quota.Set{}
	total, one := quota.Calls{}, quota.FreshPath(set, 2, 2)
	for op, n := range one {
		total[op] = n * 20
	}
	planned := engine.PlanFresh(scan, engine.Config{Settings: w.settings, Target: w.target, Limiters: quota.NewLimiters(set, quota.Options{})})
	if len(planned) != 5 {
		t.Fatalf("%d examples", len(planned))
	}
	for _, device := range planned {
		calls := quota.Calls{}
		for _, call := range device.Steps {
			calls[call.Operation]++
		}
		if diff := cmp.Diff(one, calls); diff != "" {
			t.Errorf("%s:\n%s", device.ThingName, diff)
		}
	}
	if diff := cmp.Diff(asCalls(w.must(w.sources(content)).Calls), total); diff != "" {
		t.Errorf("calls of the import (-) and those of the plan (+):\n%s", diff)
	}
}

// Looking up 100,000 devices one by one would take three hours at the default quotas.
func TestComparingHundredThousandDevicesTakesLessThanAnHour(t *testing.T) {
	t.Parallel()
	const n = 3000
	content := longManifest(t, n)
	for _, existing := range []int{n, 0} {
		synctest.Test(t, func(t *testing.T) {
			set, err := quota.Resolve(quota.Sources{})
			if err != nil {
				t.Fatal(err)
			}
			quotas := map[string]float64{}
			for _, q := range set.All() {
				quotas[string(q.Op)] = q.TPS
			}
			w := newWorld(t, sandbox.Options{Quotas: quotas, Latency: sandbox.Latency{Mean: 40 * time.Millisecond}}, sandbox.Transport)
			w.ledger = &memoryLedger{}
			if existing > 0 {
				w.limiters = quota.NewLimiters(set, quota.Options{})
				w.must(w.sources(content))
			}
			w.limiters = quota.NewLimiters(set, quota.Options{})
			var last engine.Comparing
			found := w.compareTelling(content, func(e engine.Event) {
				if c, ok := e.(engine.Comparing); ok {
					last = c
				}
			})
			if found.Unchanged != existing || found.New != n-existing {
				t.Errorf("%d devices, %d exist: %+v", n, existing, found)
			}
			if whole := found.Took * 100_000 / n; whole > time.Hour {
				t.Errorf("%v for %d of which %d exist: %v for 100,000; calls %v", found.Took, n, existing, whole, found.Made)
			}
			ceiling, _ := engine.ExistingCeiling(set, w.settings.Attachments)
			if last.Done == 0 || last.Ceiling < 0.9*ceiling || last.Ceiling > ceiling || last.Binding == "" {
				t.Errorf("the live line ends with %+v, but the ceiling for existing devices is %v/s", last, ceiling)
			}
			if now, _ := engine.Predict(set, found.Calls, n); existing > 0 && (now.Ceiling < 0.9*ceiling || now.Ceiling > 1.1*ceiling) {
				t.Errorf("the forecast is %v, but the ceiling for existing devices is %v/s", now, ceiling)
			}
			t.Logf("%d exist: %v; %v", existing, found.Took, found.Made)
		})
	}
}

// A plan must not consider registered devices new because a list lags behind.
func TestListsThatLagBehindAreNotBelieved(t *testing.T) {
	t.Parallel()
	const n = 700
	w := newWorld(t, sandbox.Options{Faults: sandbox.Faults{Stale: time.Hour}}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	content := espressifManifest(t, n, "stale")
	w.must(w.sources(part(content, n/2)))
	found := w.compare(content)
	if found.New != n/2 || found.Conflicts != 0 {
		t.Errorf("%d of %d exist: %+v", n/2, n, found)
	}
	if _, listed := found.Made["ListCertificates"]; !listed {
		t.Error("the list was not read")
	}
}

func TestForecastTellsWhatDoublingTheBindingQuotaGives(t *testing.T) {
	t.Parallel()
	set, err := quota.Resolve(quota.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	total := quota.Calls{}
	for op, calls := range quota.FreshPath(set, 1, 1) {
		total[op] = calls * 36_000
	}
	now, doubled := engine.Predict(set, total, 36_000)
	if now.Took != time.Hour || now.Ceiling != 10 || now.Binding != iot.RegisterCertificateWithoutCA {
		t.Errorf("%+v", now)
	}
	if doubled.Took != 40*time.Minute || doubled.Ceiling != 15 || doubled.Binding != iot.AttachPolicy {
		t.Errorf("doubled: %+v", doubled)
	}
	if none, _ := engine.Predict(quota.Set{}, total, 36_000); none.Took != 0 || none.Binding != "" {
		t.Errorf("without quotas: %+v", none)
	}
}
