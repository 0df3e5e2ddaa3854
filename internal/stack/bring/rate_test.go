package bring_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/awsiot"
	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/bring"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// A factory is a stack in simulated time: importers, an account with quotas, and a
// ledger, a known time away from each other. Nothing in it depends on the speed of the
// machine, or on what else that does.
type factory struct {
	// tps is the quota of every operation.
	tps float64
	// call is the latency of AWS IoT, table that of DynamoDB.
	call, table time.Duration
	// importers run concurrently, each with batches of this many messages.
	importers, batch int
}

// between is the time from the end of an invocation to the beginning of the next one with a batch
// that is waiting.
const between = 30 * time.Millisecond

// invocationTime is the timeout of the importer in the template.
const invocationTime = 120 * time.Second

// A produced is what a factory did.
type produced struct {
	// rate is the number of policies attached per second until an importer found no more
	// messages, without those for which the burst of the account was enough.
	rate                  float64
	throttled, handedBack int
	claims                int
	counts                ledger.Counts
}

// deliveries returns the messages of devices.
func deliveries(t testing.TB, n int) []stack.Delivery {
	t.Helper()
	var content bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "espressif", N: n, Seed: "rate", Out: &content}); err != nil {
		t.Fatal(err)
	}
	var list []stack.Delivery
	in := manifest.Input{Name: "reel.csv", Reader: bytes.NewReader(content.Bytes()), Size: int64(content.Len())}
	for d, err := range (espressif.Decoder{}).Decode(t.Context(), in, manifest.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, message(stack.NewDeviceMessage("import", &d, nil, time.Time{})))
	}
	return list
}

// produce imports the devices of messages.
func (f factory) produce(t *testing.T, messages []stack.Delivery) (p produced) {
	t.Helper()
	set, err := quota.Resolve(quota.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	quotas := map[string]float64{}
	for _, q := range set.All() {
		quotas[string(q.Op)] = f.tps
	}
	server, err := sandbox.New(sandbox.Options{Quotas: quotas, Latency: sandbox.Latency{Mean: f.call, Jitter: f.call / 2}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Ensure([]string{"connect"}, "sensor", []string{"line"}, ""); err != nil {
		t.Fatal(err)
	}
	l := &distant{Ledger: memoryledger.New(), latency: f.table}
	l.Fault = func(method string, when memoryledger.Moment) error {
		if when == memoryledger.Before && method != "Record" { // of which a call makes many
			time.Sleep(f.table)
		}
		return nil
	}
	settings, err := stack.FreezeSettings(engine.Settings{Attachments: program.Attachments{
		Policies: []string{"connect"}, ThingType: "sensor", ThingGroups: []string{"line"},
	}}, stack.Allowed{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	i := ledger.Import{ID: "import", Manifests: []ledger.Manifest{{Name: "reel.csv", Entries: len(messages)}}}
	if _, err := l.Begin(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	l.Put(stack.Job{
		Import: i.ID, Phase: stack.PhaseSent, Settings: settings, Updated: time.Now(), Upload: stack.Upload{Bucket: "b", Key: "k"},
	})

	begun := time.Now()
	var devices, others mailbox
	var mu sync.Mutex
	waiting := messages
	next := func() []stack.Delivery {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range devices.take() {
			p.handedBack++
			waiting = append(waiting, stack.Delivery{ID: fmt.Sprint("again-", p.handedBack), Body: m.Body})
		}
		n := min(f.batch, len(waiting))
		if n == 0 && p.rate == 0 {
			p.rate = (float64(server.Created()["AttachPolicy"]) - f.tps) / time.Since(begun).Seconds()
		}
		got := waiting[:n:n]
		waiting = waiting[n:]
		return got
	}
	var wg sync.WaitGroup
	for range f.importers {
		client, err := awsiot.Open(t.Context(), awsiot.Options{
			Sandbox: true, Region: sandbox.DefaultRegion, Endpoint: "http://sandbox.invalid", Transport: sandbox.Transport(server),
		})
		if err != nil {
			t.Fatal(err)
		}
		importer := bring.New(bring.Config{
			Ledger: l, Claims: l, Jobs: l, Devices: &devices, Manifests: &others, Notices: &others,
			Metrics: metric.New(&bytes.Buffer{}, "s"), Log: slog.New(slog.DiscardHandler), Engine: engine.Batch, AWS: client.AWS(),
			Quotas: &bring.Quotas{Applied: client.AppliedQuotas, Share: 1, Sharers: f.importers, Log: slog.New(slog.DiscardHandler)},
		})
		wg.Go(func() {
			defer client.Close()
			for batch := next(); len(batch) > 0; batch = next() {
				ctx, cancel := context.WithTimeout(t.Context(), invocationTime)
				if failed := importer.Handle(ctx, target, batch); len(failed) > 0 {
					t.Errorf("%d messages are not acknowledged", len(failed))
				}
				cancel()
				time.Sleep(between)
			}
		})
	}
	wg.Wait()
	counts, err := l.Counts(t.Context(), "import")
	if err != nil {
		t.Fatal(err)
	}
	p.counts, p.throttled, p.claims = counts, server.Throttled(), int(l.claims.Load())
	return p
}

// A distant ledger answers each call after a time.
type distant struct {
	*memoryledger.Ledger
	latency time.Duration
	claims  atomic.Int64
}

// Resume implements stack.Ledger.
func (d *distant) Resume(ctx context.Context, id string) (ledger.Journal, error) {
	j, err := d.Ledger.Resume(ctx, id)
	return distantJournal{j, d.latency}, err
}

// Claim implements stack.Claims.
func (d *distant) Claim(ctx context.Context, id string, claims []stack.Claim) ([]stack.Claimed, error) {
	d.claims.Add(int64(len(claims)))
	return d.Ledger.Claim(ctx, id, claims)
}

type distantJournal struct {
	ledger.Journal
	latency time.Duration
}

// Record implements ledger.Journal.
func (d distantJournal) Record(ctx context.Context, records []ledger.Record) error {
	time.Sleep(d.latency)
	return d.Journal.Record(ctx, records)
}

// defaultBatch is the default of the parameter ImporterBatch. Deploying with quotas of 100
// sets it to stack.MostBatch.
const defaultBatch = 300

// rateVariable makes the measurement long enough for docs/performance.md.
const rateVariable = "THINGPRESS_TEST_RATE"

// The end of a batch, claims, and a distant table must not leave the quota unused. With a
// quota of 100 calls a second for every operation, and one policy and one thing group, a
// device takes one call of each.
func TestTwoImportersUseTheQuotaWhateverTheLatencyOfTheTable(t *testing.T) {
	t.Parallel()
	// In ten seconds, the burst of the account counts for a tenth.
	type setting struct {
		table time.Duration
		batch int
		least float64
	}
	n, settings := 1000, []setting{{80 * time.Millisecond, 250, 0.85}}
	if os.Getenv(rateVariable) != "" {
		n, settings = 6000, []setting{
			{10 * time.Millisecond, stack.MostBatch, 0.97},
			{80 * time.Millisecond, stack.MostBatch, 0.97},
			{10 * time.Millisecond, defaultBatch, 0.95},
			{80 * time.Millisecond, defaultBatch, 0.93},
		}
	}
	messages := deliveries(t, n)
	for _, s := range settings {
		t.Run(fmt.Sprint(s.table, " ", s.batch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const tps = 100
				f := factory{tps: tps, call: 40 * time.Millisecond, table: s.table, importers: 2, batch: s.batch}
				p := f.produce(t, slices.Clone(messages))
				t.Logf("%d devices in batches of %d, calls %v, table %v: %.3f of the quota, %d calls throttled, %d devices handed back",
					n, f.batch, f.call, f.table, p.rate/tps, p.throttled, p.handedBack)
				if p.rate < s.least*tps || p.counts.Imported != n || p.handedBack > 0 {
					t.Errorf("%.1f devices/s of %d: %+v", p.rate, tps, p)
				}
			})
		})
	}
}

// A stack with low quotas gets batches that it cannot finish. What it does not reach must
// not cost claims.
func TestDevicesThatABatchDoesNotReachAreNotClaimed(t *testing.T) {
	t.Parallel()
	const n = 300
	messages := deliveries(t, n)
	synctest.Test(t, func(t *testing.T) {
		f := factory{tps: 1, call: 40 * time.Millisecond, table: 10 * time.Millisecond, importers: 1, batch: n}
		p := f.produce(t, slices.Clone(messages))
		if p.counts.Imported != n || p.handedBack < n/2 {
			t.Fatalf("that is not a trial: %+v", p)
		}
		if most := n + n/4; p.claims > most {
			t.Errorf("%d claims for %d devices, want at most %d: %d were handed back", p.claims, n, most, p.handedBack)
		}
	})
}
