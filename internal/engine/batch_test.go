package engine_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// items returns the devices of an Espressif manifest.
func (w *world) items(content []byte) []engine.Item {
	w.Helper()
	var items []engine.Item
	in := manifest.Input{Name: "items.csv", Reader: bytes.NewReader(content), Size: int64(len(content))}
	for device, err := range (espressif.Decoder{}).Decode(w.Context(), in, w.settings.Decode) {
		if err != nil {
			w.Fatal(err)
		}
		items = append(items, engine.Item{Device: device})
	}
	return items
}

// batch imports items and returns the records by entry. Two outcomes for one item are an error.
func (w *world) batch(ctx context.Context, items []engine.Item, change func(*engine.Config)) (map[int]ledger.Record, engine.Summary,
	error,
) {
	w.Helper()
	config := engine.Config{Settings: w.settings, Target: w.target, AWS: w.aws, Limiters: w.limiters}
	if change != nil {
		change(&config)
	}
	records, taken := map[int]ledger.Record{}, map[int]bool{}
	var mu sync.Mutex // of taken
	given := func(yield func(engine.Item) bool) {
		for _, item := range items {
			mu.Lock()
			taken[item.Device.Entry] = true
			mu.Unlock()
			if !yield(item) {
				return
			}
		}
	}
	summary, err := engine.Batch(ctx, config, len(items), given, func(record ledger.Record) {
		mu.Lock()
		given := taken[record.Entry]
		mu.Unlock()
		if !given {
			w.Errorf("entry %d has an outcome, and was not taken", record.Entry)
		}
		if _, twice := records[record.Entry]; twice {
			w.Errorf("entry %d has two outcomes", record.Entry)
		}
		records[record.Entry] = record
	})
	counts := ledger.Counts{Entries: len(taken)}
	for _, r := range records {
		counts.Add(r.Outcome, 1)
	}
	if summary.Counts != counts {
		w.Errorf("summary %+v, but done was called with %+v", summary.Counts, counts)
	}
	return records, summary, err
}

func TestBatchBringsNewDevicesAndKnowsThemAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, nil)
	const n = 120
	items := w.items(espressifManifest(t, n, "batch"))
	slices.Reverse(items) // a queue has no order
	records, summary, err := w.batch(t.Context(), items, nil)
	if err != nil || summary.Counts.Imported != n {
		t.Fatalf("%v: %+v", err, summary)
	}
	if got := created(values(records))["CreateThing"]; got != n {
		t.Errorf("%d of %d things are recorded as created; undo would leave the others", got, n)
	}
	want := map[string]int{
		"DescribeThing": n, "RegisterCertificateWithoutCA": n, "CreateThing": n, "AttachThingPrincipal": n, "AttachPolicy": 2 * n,
		"AddThingToThingGroup": 2 * n,
	}
	if calls := summary.Calls["UpdateThingGroupsForThing"]; calls > 0 {
		delete(want, "AddThingToThingGroup")
		want["UpdateThingGroupsForThing"] = n
	}
	if diff := cmp.Diff(want, summary.Calls); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	before := w.server.Created()
	records, summary, err = w.batch(t.Context(), items, nil)
	if err != nil || summary.Counts.Unchanged != n {
		t.Fatalf("again: %v: %+v", err, summary)
	}
	if diff := cmp.Diff(before, w.server.Created()); diff != "" {
		t.Errorf("the second batch changed something: %s", diff)
	}
	if lists := summary.Calls["ListCertificates"] + summary.Calls["ListThings"]; lists > 0 {
		t.Errorf("a batch read %d pages of lists", lists)
	}
	if got := created(values(records)); len(got) > 0 {
		t.Errorf("existing resources are recorded as created: %v", got)
	}
}

func values(records map[int]ledger.Record) []ledger.Record {
	list := make([]ledger.Record, 0, len(records))
	for _, r := range records {
		list = append(list, r)
	}
	return list
}

// A killed function leaves registered certificates without an outcome. When the message is
// delivered again, they count as ours because of the mark. Without a mark they do not.
func TestBatchKnowsWhatAKilledOneRegistered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		marked func(registered time.Time) time.Time
		mine   bool
	}{
		{"marked before", func(at time.Time) time.Time { return at.Add(-time.Second) }, true},
		{"marked long after", func(at time.Time) time.Time { return at.Add(time.Hour) }, false},
		{"never marked", func(time.Time) time.Time { return time.Time{} }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, nil)
			items := w.items(espressifManifest(t, 5, "killed"))
			at := time.Now()
			for _, item := range items {
				if _, err := w.aws.Certificates.RegisterCertificateWithoutCA(t.Context(), item.Device.PEM(), iot.StatusActive); err != nil {
					t.Fatal(err)
				}
			}
			for i := range items {
				items[i].Marked = test.marked(at)
			}
			records, summary, err := w.batch(t.Context(), items, nil)
			if err != nil || summary.Counts.Imported != 5 {
				t.Fatalf("%v: %+v", err, summary)
			}
			want := 0
			if test.mine {
				want = 5
			}
			if got := created(values(records))["RegisterCertificateWithoutCA"]; got != want {
				t.Errorf("%d certificates are recorded as created, want %d", got, want)
			}
		})
	}
}

func TestBatchThatMustEndLeavesTheRestPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Latency: sandbox.Latency{Mean: time.Millisecond}}, nil)
	const n = 300
	items := w.items(espressifManifest(t, n, "deadline"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var attached atomic.Int64
	records, summary, err := w.batch(ctx, items, func(c *engine.Config) {
		c.AWS.Policies = tripwire{c.AWS.Policies, func() {
			// Half of the calls: with 64 devices in flight, many have ended and many have not begun.
			if attached.Add(1) == n {
				cancel()
			}
		}}
	})
	if !errors.Is(err, engine.ErrInterrupted) || summary.Counts.Pending() == 0 || summary.Counts.Imported == 0 {
		t.Fatalf("%v: %+v", err, summary)
	}
	var rest []engine.Item
	for _, item := range items {
		if _, done := records[item.Device.Entry]; !done {
			item.Marked = time.Now().Add(-time.Minute)
			rest = append(rest, item)
		}
	}
	_, again, err := w.batch(t.Context(), rest, nil)
	if err != nil || again.Counts.Imported+again.Counts.Unchanged != len(rest) {
		t.Fatalf("the rest: %v: %+v", err, again)
	}
	if got := w.server.Created()["RegisterCertificateWithoutCA"]; got != n {
		t.Errorf("%d certificates registered, want %d", got, n)
	}
}

func TestBatchStopsForWhatIsWrongWithTheImport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		err        func(string) error
	}{
		{"denied", "AccessDeniedException", refusal(iot.ClassImport, "AccessDeniedException")},
		{"twenty in a row", "20 devices in a row", refusal(iot.ClassDevice, "InvalidRequestException")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, sandbox.Transport)
			items := w.items(espressifManifest(t, 100, "stopped"))
			_, summary, err := w.batch(t.Context(), items, func(c *engine.Config) {
				c.AWS.Things = &refusing{Things: c.AWS.Things, err: test.err}
			})
			var stop *call.StopError
			if !errors.As(err, &stop) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
			if summary.Counts.Failed > 0 || summary.Counts.Imported > 0 {
				t.Errorf("devices have outcomes: %+v", summary.Counts)
			}
		})
	}
}

// A conflict of one device is the outcome of that device alone.
func TestBatchFailsOnlyTheDeviceThatConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, nil)
	items := w.items(espressifManifest(t, 30, "conflict"))
	pem := items[7].Device.PEM()
	if _, err := w.aws.Certificates.RegisterCertificateWithoutCA(t.Context(), pem, iot.StatusInactive); err != nil {
		t.Fatal(err)
	}
	records, summary, err := w.batch(t.Context(), items, nil)
	if err != nil || summary.Counts.Failed != 1 || summary.Counts.Imported != 29 {
		t.Fatalf("%v: %+v", err, summary)
	}
	if r := records[7]; r.Outcome != ledger.Failed || r.Reason == "" || r.Detail == "" {
		t.Errorf("%+v", r)
	}
}

// Two functions share one quota. No device fails because of it, and limiters continue after
// idling between batches.
func TestBatchesSideBySideShareAQuota(t *testing.T) {
	t.Parallel()
	const n, tps = 100, 10.0
	contents := [][]byte{espressifManifest(t, 2*n, "left"), espressifManifest(t, 2*n, "right")}
	synctest.Test(t, func(t *testing.T) {
		quotas := map[string]float64{"RegisterCertificateWithoutCA": tps}
		w := newWorld(t, sandbox.Options{Quotas: quotas, Latency: sandbox.Latency{Mean: 40 * time.Millisecond}}, sandbox.Transport)
		set, err := quota.Resolve(quota.Sources{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var wg sync.WaitGroup
		for _, content := range contents {
			items := w.items(content)
			wg.Go(func() {
				limiters := quota.NewLimiters(set, quota.Options{Sharers: len(contents)})
				for _, half := range [][]engine.Item{items[:n], items[n:]} {
					_, summary, err := w.batch(t.Context(), half, func(c *engine.Config) { c.Limiters = limiters })
					if err != nil || summary.Counts.Imported != n {
						t.Errorf("%v: %+v", err, summary)
					}
					time.Sleep(time.Minute) // until the next messages arrive
				}
			})
		}
		wg.Wait()
		if rate := 4 * n / (time.Since(began) - 2*time.Minute).Seconds(); rate < 0.8*tps {
			t.Errorf("%.1f devices/s of %g", rate, tps)
		}
	})
}

// A function that waits for an unreachable endpoint costs money for nothing.
func TestBatchDoesNotOutlastAnOutage(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 40, "outage")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sandbox.Options{Faults: sandbox.Faults{Error: 1}}, sandbox.Transport)
		items := w.items(content)
		began := time.Now()
		_, summary, err := w.batch(t.Context(), items, func(c *engine.Config) { c.PauseMost = 30 * time.Second })
		var stop *call.StopError
		if c := summary.Counts; !errors.As(err, &stop) || c.Entries == 0 || c.Pending() != c.Entries {
			t.Errorf("%v: %+v", err, summary)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}
