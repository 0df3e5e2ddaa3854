package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// A stint is one run of a later command over an import.
type stint struct {
	ctx     context.Context
	id      string // of a command to resume
	change  func(*engine.Config, *engine.Later)
	program engine.Program // nil sets the certificates to INACTIVE
}

// runLater runs a later command over the devices of an import. The ledger of the world must be in SQLite.
func (w *world) runLater(of string, a stint) (engine.Summary, string, error) {
	w.Helper()
	if a.ctx == nil {
		a.ctx = w.Context()
	}
	if a.program == nil {
		a.program = later.SetStatus(iot.StatusInactive)
	}
	reader := w.ledger.(later.Reader)
	imported, err := reader.Import(w.Context(), of)
	if err != nil {
		w.Fatal(err)
	}
	config := engine.Config{Settings: w.settings, Target: w.target, AWS: w.aws, Limiters: w.limiters}
	l := engine.Later{
		ID: a.id, Manifests: imported.Manifests, Subjects: later.Subjects(a.ctx, reader, []ledger.Import{imported}), Calls: later.StatusCalls(),
	}
	if a.id == "" {
		l.ID = uuid.Must(uuid.NewV7()).String()
		l.Journal, err = w.ledger.Begin(w.Context(), ledger.Import{
			ID: l.ID, Key: l.ID, Verb: "deactivate", Of: []string{of}, Target: w.target, Manifests: imported.Manifests, Settings: "{}",
			Begun: time.Now(),
		})
	} else {
		l.Journal, err = w.ledger.Resume(w.Context(), a.id)
		l.Earlier = w.ledger.Records(w.Context(), a.id)
	}
	if err != nil {
		w.Fatal(err)
	}
	if a.change != nil {
		a.change(&config, &l)
	}
	summary, err := engine.RunLater(a.ctx, config, l, a.program)
	return summary, l.ID, err
}

// importMany imports n devices and returns the ID of the import.
func (w *world) importMany(n int) string {
	w.Helper()
	summary, id, err := w.run(w.sources(espressifManifest(w, n, "later")), attempt{})
	if err != nil || summary.Counts.Imported != n {
		w.Fatalf("%v: %+v", err, summary.Counts)
	}
	return id
}

// inactive counts the certificates with this status.
func (w *world) inactive() (n int) {
	for _, c := range w.server.State().Certificates {
		if c.Status == "INACTIVE" {
			n++
		}
	}
	return n
}

// A statusTripwire reports every status that is about to be set.
type statusTripwire struct {
	iot.Certificates
	trip func()
}

func (c statusTripwire) UpdateCertificate(ctx context.Context, id string, status iot.Status) error {
	c.trip()
	return c.Certificates.UpdateCertificate(ctx, id, status)
}

// A later command whose calls fail, and that is killed again and again, must reach every device in the end,
// have one outcome of each, and call nothing for those that have one.
func TestLaterCommandBrokenOffAnywhereLosesNoDevice(t *testing.T) {
	t.Parallel()
	const n = 100
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 2))
			w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
			of := w.importMany(n)
			w.server.SetFaults(sandbox.Faults{Drop: 0.1, Error: 0.1, Seed: seed})
			id := ""
			for range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				abort, aborted := context.WithCancel(t.Context())
				left := atomic.Int64{}
				left.Store(int64(1 + dice.IntN(n)))
				summary, again, err := w.runLater(of, stint{ctx: ctx, id: id, change: func(c *engine.Config, l *engine.Later) {
					c.Abort = abort
					c.AWS.Certificates = statusTripwire{c.AWS.Certificates, func() {
						if left.Add(-1) == 0 {
							aborted() // calls in flight are cancelled and not recorded
							cancel()
						}
					}}
					l.Journal = &deaf{Journal: l.Journal, ctx: abort}
				}})
				id = again
				cancel()
				aborted()
				if err == nil {
					break
				}
				if summary.Counts.Failed > 0 {
					t.Errorf("%v: %+v", err, summary.Failures)
				}
			}
			summary, _, err := w.runLater(of, stint{id: id})
			if c := summary.Counts; err != nil || c.Changed+c.Unchanged != n || c.Entries != n || summary.Pending != 0 {
				t.Fatalf("%v: %+v, %+v", err, c, summary.Failures)
			}
			if w.inactive() != n || len(w.records(id)) != n {
				t.Errorf("%d certificates are INACTIVE, %d records", w.inactive(), len(w.records(id)))
			}
			before := w.server.Calls()["DescribeCertificate"]
			if summary, _, err = w.runLater(of, stint{id: id}); err != nil || summary.Counts.Changed+summary.Counts.Unchanged != n {
				t.Errorf("resumed after its end: %v: %+v", err, summary.Counts)
			}
			if calls := w.server.Calls()["DescribeCertificate"] - before; calls != 0 {
				t.Errorf("%d calls for devices that were done", calls)
			}
		})
	}
}

// What is left as it is, and what an import never sent to AWS, must be told from what failed.
func TestLaterCommandTellsWhatItKeptFromWhatFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
	of := w.importMany(60)
	program := func(a *device.Account, d *device.Device, s *engine.Subject, do device.Stage) error {
		switch s.Entry % 3 {
		case 0:
			return &device.KeptError{Reason: "in-use", Err: errors.New("something else uses it")}
		case 1:
			return device.FailureOf(&iot.APIError{Operation: "UpdateCertificate", Code: "InvalidRequestException", Class: iot.ClassDevice})
		}
		return device.SetStatus(a, d, iot.StatusInactive, do)
	}
	skip := func(_ *engine.Config, l *engine.Later) {
		all := l.Subjects
		l.Subjects = func(yield func(*engine.Subject, error) bool) {
			for s, err := range all {
				if err == nil && s.Entry >= 57 {
					s.Outcome, s.Reason = ledger.Skipped, "filtered"
				}
				if !yield(s, err) {
					return
				}
			}
		}
	}
	summary, id, err := w.runLater(of, stint{program: program, change: skip})
	want := ledger.Counts{Entries: 60, Changed: 19, Kept: 19, Failed: 19, Skipped: 3}
	if err != nil || summary.Counts != want {
		t.Fatalf("%v: %+v, want %+v", err, summary.Counts, want)
	}
	// What failed and what was kept is tried again, because its cause may be gone.
	calls := atomic.Int64{}
	summary, _, err = w.runLater(of, stint{
		id: id,
		program: func(a *device.Account, d *device.Device, _ *engine.Subject, do device.Stage) error {
			calls.Add(1)
			return device.SetStatus(a, d, iot.StatusInactive, do)
		},
	})
	want = ledger.Counts{Entries: 60, Changed: 57, Skipped: 3}
	if err != nil || summary.Counts != want || calls.Load() != 38 {
		t.Errorf("%v: %+v after %d programs, want %+v", err, summary.Counts, calls.Load(), want)
	}
}

// A fault of the whole command must stop it and fail no device, so that the same command goes on later.
func TestLaterCommandStopsForEqualRefusalsInARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport).withSQLite()
	of := w.importMany(80)
	refused := refusal(iot.ClassDevice, "InvalidRequestException")
	summary, id, err := w.runLater(of, stint{program: func(*device.Account, *device.Device, *engine.Subject, device.Stage) error {
		return device.FailureOf(refused(""))
	}})
	var stop *call.StopError
	if !errors.As(err, &stop) || summary.Counts.Failed != 0 || summary.Pending != 80 {
		t.Fatalf("%v: %+v, %d pending", err, summary.Counts, summary.Pending)
	}
	denied := refusal(iot.ClassImport, "AccessDeniedException")
	summary, _, err = w.runLater(of, stint{
		id: id,
		program: func(_ *device.Account, _ *device.Device, _ *engine.Subject, do device.Stage) error {
			return device.FailureOf(do(device.Step{Operation: iot.UpdateCertificate, Do: func(c *call.Caller) (call.Result, error) {
				return c.Do(iot.UpdateCertificate, func(context.Context) error { return denied("") })
			}}))
		},
	})
	if !errors.As(err, &stop) || stop.Code != call.StopDenied || summary.Counts.Failed != 0 {
		t.Errorf("%v: %+v", err, summary.Counts)
	}
	if summary, _, err = w.runLater(of, stint{id: id}); err != nil || summary.Counts.Changed != 80 || w.inactive() != 80 {
		t.Errorf("resumed: %v: %+v", err, summary.Counts)
	}
}

// An endpoint that is away must pause a later command and not fail its devices.
func TestEndpointThatGoesAwayPausesALaterCommand(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 400, "away later")
	synctest.Test(t, func(t *testing.T) {
		gone := &away{}
		w := newWorld(t, sandbox.Options{Latency: sandbox.Latency{Mean: 40 * time.Millisecond}}, func(h http.Handler) http.RoundTripper {
			gone.next = sandbox.Transport(h)
			return gone
		})
		w.ledger = &memoryLedger{}
		sources := w.sources(content)
		if summary, _, err := w.run(sources, attempt{}); err != nil || summary.Counts.Imported != 400 {
			t.Fatalf("%v: %+v", err, summary.Counts)
		}
		set, _ := quota.Resolve(quota.Sources{})
		w.limiters = quota.NewLimiters(set, quota.Options{})
		gone.from, gone.to = time.Now().Add(5*time.Second), time.Now().Add(65*time.Second)
		scan, err := engine.Scan(t.Context(), sources, w.settings, nil)
		if err != nil {
			t.Fatal(err)
		}
		var paused, resumed time.Time
		summary, err := engine.RunLater(t.Context(), engine.Config{
			Settings: w.settings, Target: w.target, AWS: w.aws, Limiters: w.limiters, Events: func(e engine.Event) {
				switch e.(type) {
				case engine.Paused:
					paused = time.Now()
				case engine.Resumed:
					resumed = time.Now()
				}
			},
		}, engine.Later{Manifests: scan.Manifests, Sources: sources, Scan: scan, Calls: later.StatusCalls()}, later.SetStatus(iot.StatusInactive))
		if err != nil || summary.Counts.Changed != 400 || w.inactive() != 400 {
			t.Fatalf("%v: %+v %+v", err, summary.Counts, summary.Failures)
		}
		if paused.Before(gone.from) || resumed.Before(gone.to) || resumed.After(gone.to.Add(11*time.Second)) {
			t.Errorf("away from %v until %v, paused %v, resumed %v", gone.from, gone.to, paused, resumed)
		}
	})
}
