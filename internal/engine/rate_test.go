package engine_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// simulate runs an import of n devices in simulated time. The client assumes the default quotas
// times believed, and the server enforces them times enforced.
func simulate(t *testing.T, n int, believed, enforced float64, faults sandbox.Faults, then func(*world, engine.Summary)) {
	t.Helper()
	content := longManifest(t, n)
	synctest.Test(t, func(t *testing.T) {
		quotas, overrides := map[string]float64{}, map[iot.Operation]quota.Override{}
		set, err := quota.Resolve(quota.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range set.All() {
			quotas[string(q.Op)] = q.TPS * enforced
			overrides[q.Op] = quota.Override{TPS: q.TPS * believed}
		}
		w := newWorld(t, sandbox.Options{
			Quotas: quotas, Faults: faults,
			Latency: sandbox.Latency{Mean: 40 * time.Millisecond, Jitter: 20 * time.Millisecond},
		}, sandbox.Transport)
		w.settings.Attachments.Policies = []string{"connect"}
		w.settings.Attachments.ThingGroups = []string{"line-1"}
		if set, err = quota.Resolve(quota.Sources{Overrides: overrides}); err != nil {
			t.Fatal(err)
		}
		w.limiters = quota.NewLimiters(set, quota.Options{})
		w.ledger = &memoryLedger{}
		summary := w.must(w.sources(content))
		if want := (ledger.Counts{Entries: n, Imported: n}); summary.Counts != want {
			t.Errorf("counts %+v, want %+v", summary.Counts, want)
		}
		then(w, summary)
	})
}

func TestImportRunsAtTheCeilingAndIsNotThrottled(t *testing.T) {
	t.Parallel()
	simulate(t, 3000, 10, 10, sandbox.Faults{}, func(w *world, s engine.Summary) {
		w.Logf("%.2f devices/s of %.0f, %d throttled", s.Rate(), s.Ceiling, s.Throttled)
		if s.Rate() < 0.98*s.Ceiling || s.Throttled > 0 {
			w.Errorf("%.2f devices/s of %.0f, %d throttled", s.Rate(), s.Ceiling, s.Throttled)
		}
	})
}

func TestImportFindsALimitThatIsLowerThanBelieved(t *testing.T) {
	t.Parallel()
	simulate(t, 3000, 10, 5, sandbox.Faults{}, func(w *world, s engine.Summary) {
		share := float64(s.Throttled) / float64(s.Calls["RegisterCertificateWithoutCA"])
		w.Logf("%.2f devices/s of 50, %.2f %% throttled", s.Rate(), share*100)
		if s.Rate() < 0.92*50 || share > 0.02 {
			w.Errorf("%.2f devices/s of 50, %.2f %% throttled", s.Rate(), share*100)
		}
	})
}

func TestFaultsFailNoDeviceAndCostNoMoreThanTheirShare(t *testing.T) {
	t.Parallel()
	faults := sandbox.Faults{Throttle: 0.05, Error: 0.05, Drop: 0.05, Stall: 0.05, Seed: 7}
	simulate(t, 3000, 10, 10, faults, func(w *world, s engine.Summary) {
		w.Logf("%.2f devices/s of 100, %d throttled, %d retries", s.Rate(), s.Throttled, s.Retries)
		// A fifth of the quota is lost to faults. So short a run also spends much of its time
		// learning which throttling the rate causes, and ends with stalls.
		if s.Rate() < 40 {
			w.Errorf("%.2f devices/s", s.Rate())
		}
		if created := w.server.Created()["RegisterCertificateWithoutCA"]; created != 3000 {
			w.Errorf("%d certificates registered", created)
		}
	})
}

// away fails every call for some time.
type away struct {
	next     http.RoundTripper
	from, to time.Time
}

func (a *away) RoundTrip(r *http.Request) (*http.Response, error) {
	if now := time.Now(); now.After(a.from) && now.Before(a.to) {
		return nil, &dialError{}
	}
	return a.next.RoundTrip(r)
}

type dialError struct{}

func (*dialError) Error() string { return "connection refused" }

func TestEndpointThatGoesAwayPausesTheImportAndFailsNothing(t *testing.T) {
	t.Parallel()
	content := longManifest(t, 2000)
	synctest.Test(t, func(t *testing.T) {
		gone := &away{from: time.Now().Add(5 * time.Second), to: time.Now().Add(125 * time.Second)}
		w := newWorld(t, sandbox.Options{Latency: sandbox.Latency{Mean: 40 * time.Millisecond}}, func(h http.Handler) http.RoundTripper {
			gone.next = sandbox.Transport(h)
			return gone
		})
		w.ledger = &memoryLedger{}
		set, _ := quota.Resolve(quota.Sources{})
		overrides := map[iot.Operation]quota.Override{}
		for _, q := range set.All() {
			overrides[q.Op] = quota.Override{TPS: q.TPS * 10}
		}
		set, _ = quota.Resolve(quota.Sources{Overrides: overrides})
		w.limiters = quota.NewLimiters(set, quota.Options{})
		var paused, resumed, last time.Time
		summary, _, err := w.run(w.sources(content), attempt{change: func(c *engine.Config, i *engine.Import) {
			c.Events = func(e engine.Event) {
				switch e.(type) {
				case engine.Paused:
					paused = time.Now()
				case engine.Resumed:
					resumed = time.Now()
				case engine.Finished:
					last = time.Now()
				}
			}
		}})
		if err != nil || summary.Counts.Imported != 2000 {
			t.Fatalf("%v: %+v %+v", err, summary.Counts, summary.Failures)
		}
		if paused.IsZero() || resumed.Before(gone.to) || resumed.After(gone.to.Add(11*time.Second)) || last.Before(resumed) {
			t.Errorf("paused %v, away until %v, resumed %v", paused, gone.to, resumed)
		}
	})
}
