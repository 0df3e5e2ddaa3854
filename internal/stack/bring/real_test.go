package bring_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/awsiot"
	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/bring"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

const table = "ledger"

// A plant is a stack's importers on DynamoDB Local and a sandbox over HTTP.
type plant struct {
	t        testing.TB
	server   *sandbox.Server
	ledger   dynamodbtest.Database
	client   *awsiot.Client
	importID string
	newest   func() dynamodbtest.Database

	devices, manifests, notices mailbox
}

func newPlant(t testing.TB, o sandbox.Options) *plant {
	t.Helper()
	database := dynamodbtest.Client(t)
	dynamodbtest.CreateTable(t, database, table)
	p := &plant{t: t, newest: func() dynamodbtest.Database { return dynamodbtest.OpenDatabase(database, table) }}
	p.ledger = p.newest()
	var err error
	if p.server, err = sandbox.New(o); err != nil {
		t.Fatal(err)
	}
	if _, err := p.server.Ensure([]string{"connect"}, "sensor", []string{"line"}, ""); err != nil {
		t.Fatal(err)
	}
	url, stop, err := sandbox.Listen(t.Context(), p.server, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if p.client, err = awsiot.Open(t.Context(), awsiot.Options{Sandbox: true, Region: sandbox.DefaultRegion, Endpoint: url}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.Close)
	return p
}

// instance is a warm instance of the function, with a ledger of its own.
func (p *plant) instance() *bring.Importer {
	l := p.newest()
	return bring.New(bring.Config{
		Ledger: l, Claims: l, Jobs: l, Devices: &p.devices, Manifests: &p.manifests, Notices: &p.notices,
		Metrics: metric.New(&bytes.Buffer{}, "s"), Log: slog.New(slog.DiscardHandler), Engine: engine.Batch, AWS: p.client.AWS(),
		Quotas: &bring.Quotas{Applied: p.client.AppliedQuotas, Share: 1, Sharers: 2, Log: slog.New(slog.DiscardHandler)},
	})
}

// begin begins an import like the decoder, and returns the messages of its devices: n
// names, some of them also with another certificate, and some devices twice.
func (p *plant) begin(seed string, n, repeated, contradictory int) []stack.Delivery {
	p.t.Helper()
	var content bytes.Buffer
	if err := material.Generate(p.t.Context(),
		material.Options{Vendor: "espressif", N: n + contradictory, Seed: seed, Out: &content}); err != nil {
		p.t.Fatal(err)
	}
	p.importID = uuid.Must(uuid.NewV7()).String()
	var devices []stack.DeviceMessage
	in := manifest.Input{Name: "reel.csv", Reader: bytes.NewReader(content.Bytes()), Size: int64(content.Len())}
	for d, err := range (espressif.Decoder{}).Decode(p.t.Context(), in, manifest.Options{}) {
		if err != nil {
			p.t.Fatal(err)
		}
		devices = append(devices, stack.NewDeviceMessage(p.importID, &d, map[string]string{"mac": d.ID}, time.Now()))
	}
	for i := range contradictory {
		devices[n+i].ThingName = devices[i].ThingName // whichever is first stands
	}
	for i := range repeated {
		d := devices[contradictory+i]
		d.Entry = len(devices)
		devices = append(devices, d)
	}
	settings, err := stack.FreezeSettings(engine.Settings{Attachments: program.Attachments{
		Policies: []string{"connect"}, ThingType: "sensor", ThingGroups: []string{"line"},
	}}, stack.Allowed{}, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	_, err = p.ledger.Begin(p.t.Context(), ledger.Import{
		ID: p.importID, Begun: time.Now(),
		Manifests: []ledger.Manifest{{Name: "reel.csv", Entries: len(devices)}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, _, err := p.ledger.Start(p.t.Context(), stack.Upload{Bucket: "b", Key: seed}, stack.Job{
		Import: p.importID, Phase: stack.PhaseSent, Settings: settings,
	}); err != nil {
		p.t.Fatal(err)
	}
	messages := make([]stack.Delivery, len(devices))
	for i, d := range devices {
		messages[i] = message(d)
	}
	return messages
}

// A queueOf delivers at least once, in any order, to several instances.
type queueOf struct {
	changed  sync.Cond
	waiting  []stack.Delivery
	inFlight int
}

// receive waits for messages; nil is the end.
func (q *queueOf) receive(random *rand.Rand, most int) []stack.Delivery {
	q.changed.L.Lock()
	defer q.changed.L.Unlock()
	for len(q.waiting) == 0 && q.inFlight > 0 {
		q.changed.Wait()
	}
	random.Shuffle(len(q.waiting), func(i, j int) { q.waiting[i], q.waiting[j] = q.waiting[j], q.waiting[i] })
	n := min(most, len(q.waiting))
	batch := append([]stack.Delivery(nil), q.waiting[:n]...)
	q.waiting = q.waiting[n:]
	if n > 0 && random.IntN(3) == 0 {
		q.waiting = append(q.waiting, batch[0]) // it is delivered again, perhaps at the same time
	}
	q.inFlight += n
	return batch
}

// settle puts back the messages that were not acknowledged, and those that were sent
// again.
func (q *queueOf) settle(batch, kept []stack.Delivery) {
	q.changed.L.Lock()
	defer q.changed.L.Unlock()
	q.inFlight -= len(batch)
	q.waiting = append(q.waiting, kept...)
	q.changed.Broadcast()
}

// run drains a queue with several concurrent instances. Each batch has a time limit,
// and one in three instances is killed during it while kills are left.
func (p *plant) run(messages []stack.Delivery, instances, batch int, limit time.Duration, kills int) (batches int) {
	p.t.Helper()
	q := &queueOf{changed: sync.Cond{L: &sync.Mutex{}}, waiting: messages}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range instances {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			i := p.instance()
			for got := q.receive(random, batch); len(got) > 0; got = q.receive(random, batch) {
				mu.Lock()
				batches++
				kill := kills > 0 && random.IntN(3) == 0
				if kill {
					kills--
				}
				mu.Unlock()
				kept := p.invoke(i, random, got, limit, kill)
				if kill {
					i = p.instance()
				}
				for n, m := range p.devices.take() {
					kept = append(kept, stack.Delivery{ID: fmt.Sprint(worker, "-", time.Now().UnixNano(), "-", n), Body: m.Body})
				}
				q.settle(got, kept)
			}
		})
	}
	wg.Wait()
	return batches
}

// invoke handles a batch, and returns the messages that stay in the queue.
func (p *plant) invoke(i *bring.Importer, random *rand.Rand, batch []stack.Delivery, limit time.Duration, kill bool) []stack.Delivery {
	ctx, cancel := context.WithTimeout(p.t.Context(), limit)
	defer cancel()
	if kill {
		timer := time.AfterFunc(time.Duration(random.IntN(150))*time.Millisecond, cancel)
		defer timer.Stop()
	}
	failed := i.Handle(ctx, ledger.Target{Partition: "aws", Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion}, batch)
	if kill {
		return batch
	}
	var kept []stack.Delivery
	for _, m := range batch {
		for _, id := range failed {
			if m.ID == id {
				kept = append(kept, m)
			}
		}
	}
	return kept
}

// verify compares ledger and registry.
func (p *plant) verify(want ledger.Counts) {
	p.t.Helper()
	counts, err := p.ledger.Counts(p.t.Context(), p.importID)
	if err != nil {
		p.t.Fatal(err)
	}
	if counts != want {
		p.t.Errorf("counters %+v, want %+v", counts, want)
	}
	recount := ledger.Counts{Entries: want.Entries}
	created := 0
	for r, err := range p.ledger.Records(p.t.Context(), p.importID) {
		if err != nil {
			p.t.Fatal(err)
		}
		recount.Add(r.Outcome, 1)
		if r.Outcome == ledger.Failed {
			p.t.Errorf("entry %d: %s: %s", r.Entry, r.Reason, r.Detail)
		}
		if r.Outcome == ledger.Imported && len(r.Steps) > 0 && r.Steps[0].Created {
			created++
		}
	}
	if recount != want || created != want.Imported {
		p.t.Errorf("records %+v, %d with a certificate of ours; want %+v", recount, created, want)
	}
	things, certificates := p.server.Created()["CreateThing"], p.server.Created()["RegisterCertificateWithoutCA"]
	if attached := p.server.Created()["AttachThingPrincipal"]; things != want.Imported || certificates != want.Imported ||
		attached != want.Imported {
		p.t.Errorf("%d things, %d certificates, %d attached; want %d of each", things, certificates, attached, want.Imported)
	}
	for name, thing := range p.server.State().Things {
		if len(thing.Attributes) != 1 || thing.Attributes["mac"] == "" {
			p.t.Errorf("thing %s has the attributes %v", name, thing.Attributes)
		}
	}
	tasks := p.manifests.take()
	if len(tasks) == 0 || !strings.Contains(tasks[0].Body, stack.TaskComplete) {
		p.t.Errorf("nobody asked for completion: %v", tasks)
	}
}

// The promises of the fakes must hold on DynamoDB and over HTTP, with instances that
// die, short deadlines, and messages that are delivered twice and to two instances.
func TestEveryDeviceIsImportedOnceByInstancesThatDie(t *testing.T) {
	t.Parallel()
	p := newPlant(t, sandbox.Options{Faults: sandbox.Faults{Seed: 3, Throttle: 0.02, Error: 0.02, Drop: 0.01}})
	messages := p.begin(t.Name(), 400, 15, 10)
	batches := p.run(messages, 2, 60, 3*time.Second, 12)
	p.verify(ledger.Counts{Entries: 425, Imported: 400, Skipped: 15, Rejected: 10})
	t.Logf("%d batches", batches)
}

// BenchmarkBatch handles one batch of 500 new devices without quotas. It measures
// what an instance needs next to the calls of AWS IoT, including DynamoDB Local.
func BenchmarkBatch(b *testing.B) {
	p := newPlant(b, sandbox.Options{})
	i := p.instance()
	const n = 500
	round := 0
	for b.Loop() {
		b.StopTimer()
		round++
		messages := p.begin(fmt.Sprint(b.Name(), round), n, 0, 0)
		b.StartTimer()
		if failed := i.Handle(b.Context(), ledger.Target{Partition: "aws", Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion},
			messages); failed != nil {
			b.Fatal(failed)
		}
	}
	if held := p.devices.take(); len(held) > 0 {
		b.Fatalf("%d devices were handed back", len(held))
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "devices/s")
}
