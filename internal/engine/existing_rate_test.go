package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// At the default quotas, reading the certificates of 100,000 devices one by one would take
// three hours.
func TestHundredThousandExistingDevicesTakeLessThanAnHour(t *testing.T) {
	t.Parallel()
	const n = 4000
	content := longManifest(t, n)
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
		w.limiters = quota.NewLimiters(set, quota.Options{})
		sources := w.sources(content)
		w.must(sources)
		changed := w.server.Created()
		w.limiters = quota.NewLimiters(set, quota.Options{})
		began := time.Now()
		var done, told time.Time
		at := 0
		summary, _, err := w.run(sources, attempt{change: func(c *engine.Config, i *engine.Import) {
			c.Events = func(e engine.Event) {
				// The first devices are read one by one, until the engine knows that there are
				// many.
				if p, ok := e.(engine.Progress); ok && p.Counts.Unchanged >= 1000 {
					if told.IsZero() {
						told, at = time.Now(), p.Counts.Unchanged
					}
					done = time.Now()
				}
			}
		}})
		if err != nil || summary.Counts.Unchanged != n {
			t.Fatalf("%v: %+v %+v", err, summary.Counts, summary.Failures)
		}
		rate := float64(n-at) / done.Sub(told).Seconds()
		start := told.Sub(began).Seconds()
		whole := time.Duration((start + float64(100_000-at)/rate) * float64(time.Second))
		t.Logf("%.1f devices/s, the first %d in %.0f s: %v for 100,000; %d throttled", rate, at, start, whole, summary.Throttled)
		if whole > time.Hour {
			t.Errorf("%v for 100,000 devices", whole)
		}
		for op, calls := range w.server.Created() {
			if changed[op] != calls {
				t.Errorf("%s changed something", op)
			}
		}
	})
}
