package keep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/bring"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

var target = ledger.Target{Partition: "aws", Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion}

// A world is a stack's ledger on DynamoDB Local and a sandbox over HTTP.
type world struct {
	server  *sandbox.Server
	client  *awsiot.Client
	ledger  dynamodbtest.Database
	newest  func() dynamodbtest.Database
	later   *jobtable.Store // whose clock is an hour ahead
	queue   mailbox
	objects objects
	log     bytes.Buffer
	cut     atomic.Int64 // updates of certificates that got no answer
	// manifests are the objects of imports by ID, while they are in their bucket.
	manifests sync.Map
}

// reread is what the decoder does.
func (w *world) reread(ctx context.Context, job stack.Job) (iter.Seq2[manifest.Device, error], func(), error) {
	content, ok := w.manifests.Load(job.Import)
	if !ok {
		return nil, nil, &stack.UnreadableError{Cause: errors.New("it was deleted")}
	}
	text := content.([]byte)
	in := manifest.Input{Name: "reel.csv", Reader: bytes.NewReader(text), Size: int64(len(text))}
	return (espressif.Decoder{}).Decode(ctx, in, manifest.Options{}), func() {}, nil
}

// A mailbox is a queue that delivers whatever was sent at once.
type mailbox struct {
	mu       sync.Mutex
	messages []stack.Message
	notices  []stack.Notice
}

func (m *mailbox) Send(_ context.Context, messages []stack.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, messages...)
	return nil
}

func (m *mailbox) take() (list []stack.Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, message := range m.messages {
		list = append(list, stack.Delivery{ID: uuid.NewString(), Body: message.Body})
	}
	m.messages = nil
	return list
}

// Notify keeps a notice.
func (m *mailbox) Notify(_ context.Context, n stack.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notices = append(m.notices, n)
	return nil
}

// noticeOf returns the latest notice of a command.
func (w *world) noticeOf(t *testing.T, command string) stack.Notice {
	t.Helper()
	for _, n := range slices.Backward(w.queue.notices) {
		if n.Event.Command == command {
			return n
		}
	}
	t.Fatalf("no notice of command %s", command)
	return stack.Notice{}
}

// objects is a bucket.
type objects struct {
	mu    sync.Mutex
	texts map[string]string
	fail  int // how many of the next calls fail
}

func (o *objects) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	text, err := io.ReadAll(in.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		return nil, errors.New("SlowDown: reduce your request rate")
	}
	if o.texts == nil {
		o.texts = map[string]string{}
	}
	o.texts[*in.Key] = string(text)
	return &s3.PutObjectOutput{}, err
}

// newWorlds returns a function that makes worlds on one DynamoDB.
func newWorlds(t *testing.T) func(t *testing.T, name string) *world {
	t.Helper()
	database := dynamodbtest.Client(t)
	return func(t *testing.T, name string) *world {
		t.Helper()
		dynamodbtest.CreateTable(t, database, name)
		ahead := table.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}
		w := &world{
			newest: func() dynamodbtest.Database { return dynamodbtest.OpenDatabase(database, name) },
			later:  jobtable.New(table.New(database, name, ahead)),
		}
		w.ledger = w.newest()
		var err error
		latency := sandbox.Latency{Mean: 3 * time.Millisecond, Jitter: 3 * time.Millisecond}
		if w.server, err = sandbox.New(sandbox.Options{Latency: latency}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.server.Ensure([]string{"connect"}, "sensor", []string{"line"}, ""); err != nil {
			t.Fatal(err)
		}
		url, stop, err := sandbox.Listen(t.Context(), w.server, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		if w.client, err = awsiot.Open(t.Context(), awsiot.Options{Sandbox: true, Region: sandbox.DefaultRegion, Endpoint: url}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.client.Close)
		return w
	}
}

// imported makes an import of n devices with the importer of the stack.
func (w *world) imported(t *testing.T, seed string, n int) string {
	t.Helper()
	return w.importedAsking(t, seed, n, stack.Allowed{}, func(int) *manifest.Settings { return nil })
}

// importedAsking makes an import whose entries may ask for some settings, and ask for what a function returns.
func (w *world) importedAsking(t *testing.T, seed string, n int, allowed stack.Allowed, ask func(entry int) *manifest.Settings) string {
	t.Helper()
	var content bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "espressif", N: n, Seed: seed, Out: &content}); err != nil {
		t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	w.manifests.Store(id, content.Bytes())
	attachments := device.Attachments{Policies: []string{"connect"}, ThingType: "sensor", ThingGroups: []string{"line"}}
	settings, err := stack.FreezeSettings(engine.Settings{Attachments: attachments, Status: iot.StatusActive}, allowed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var messages []stack.Delivery
	var asked []ledger.Asked
	in := manifest.Input{Name: "reel.csv", Reader: bytes.NewReader(content.Bytes()), Size: int64(content.Len())}
	for d, err := range (espressif.Decoder{}).Decode(t.Context(), in, manifest.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		d.Settings = ask(d.Entry)
		if text, err := engine.RowText(d.Settings); err != nil || text != "" {
			asked = append(asked, ledger.Asked{Place: ledger.Place{Entry: d.Entry}, Settings: text})
		}
		m := stack.NewDeviceMessage(id, &d, nil, time.Now())
		m.Alone = true
		messages = append(messages, stack.Delivery{ID: uuid.NewString(), Body: m.Message(0).Body})
	}
	journal, err := w.ledger.Begin(t.Context(), ledger.Import{
		ID: id, Key: id, Target: target, Begun: time.Now(), Settings: settings,
		Manifests: []ledger.Manifest{{Name: "reel.csv", Vendor: "espressif", Entries: n}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.KeepSettings(t.Context(), id, asked); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.ledger.Start(t.Context(), stack.Upload{Bucket: "b", Key: id}, stack.Job{
		Import: id, Vendor: "espressif", Phase: stack.PhaseSent, Settings: settings, Sent: n,
	}); err != nil {
		t.Fatal(err)
	}
	importer := bring.New(bring.Config{
		Ledger: w.ledger, Claims: w.ledger, Jobs: w.ledger, Devices: &w.queue, Manifests: &mailbox{}, Notices: &w.queue,
		Metrics: metric.New(io.Discard, "s"), Log: slog.New(slog.DiscardHandler), Engine: engine.Batch, AWS: w.client.AWS(),
		Quotas: &bring.Quotas{Applied: w.client.AppliedQuotas, Share: 1, Sharers: 1, Log: slog.New(slog.DiscardHandler)},
	})
	if failed := importer.Handle(t.Context(), target, messages); len(failed) > 0 || len(w.queue.take()) > 0 {
		t.Fatalf("%d devices are not imported", len(failed))
	}
	lease, err := w.ledger.Lease(t.Context(), id, "test", time.Now().Add(time.Minute))
	if err == nil {
		err = w.ledger.Save(t.Context(), lease, stack.Job{Import: id, Vendor: "espressif", Phase: stack.PhaseDone, Settings: settings, Sent: n})
	}
	if err == nil {
		err = journal.Close(t.Context(), ledger.End{State: ledger.StateFinished, At: time.Now()})
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// give begins a command, as the CLI does.
func (w *world) give(t *testing.T, c stack.Command) string {
	t.Helper()
	of, err := w.ledger.Import(t.Context(), c.Of[0])
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	if c.Recorded() {
		record := ledger.Import{ID: id, Key: c.Key(), Verb: c.Verb, Of: c.Of, Target: of.Target, Begun: time.Now()}
		for _, one := range c.Of {
			i, err := w.ledger.Import(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			record.Manifests = append(record.Manifests, i.Manifests...)
		}
		if _, err := w.ledger.Begin(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	job := stack.Job{
		Import: id, Command: &c, Vendor: "espressif", Phase: stack.PhaseWork, Upload: stack.Upload{Bucket: "espressif", Key: "2026/a.csv"},
	}
	if err := w.ledger.Command(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	w.tell(t, id)
	return id
}

func (w *world) tell(t *testing.T, id string) {
	t.Helper()
	if err := w.queue.Send(t.Context(), []stack.Message{stack.Task{Kind: stack.TaskContinue, Import: id}.Message(0)}); err != nil {
		t.Fatal(err)
	}
}

// updates is a registry that lets some updates of certificates through, and none after that.
type updates struct {
	Registry
	iot.Certificates
	left atomic.Int64
	cut  *atomic.Int64
}

func newUpdates(w *world, left int64) *updates {
	u := &updates{Registry: w.client, Certificates: w.client.AWS().Certificates, cut: &w.cut}
	u.left.Store(left)
	return u
}

func (u *updates) AWS() iot.AWS {
	aws := u.Registry.AWS()
	aws.Certificates = u
	return aws
}

func (u *updates) UpdateCertificate(ctx context.Context, id string, status iot.Status) error {
	if u.left.Add(-1) < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	err := u.Certificates.UpdateCertificate(ctx, id, status)
	if err != nil {
		u.cut.Add(1)
	}
	return err
}

// instance is a new instance of the function.
func (w *world) instance(t *testing.T, stretch int) *Keeper {
	t.Helper()
	l := w.newest()
	k := New(Config{
		Serves: func(*stack.Command) bool { return true },
		Jobs:   l, Orders: l, Leases: l, Ledger: l, Reread: w.reread, Queue: &w.queue, Registry: newUpdates(w, math.MaxInt),
		Store: &w.objects, Bucket: "reports",
		Limiters: func(context.Context) *quota.Limiters {
			return quota.NewLimiters(quota.Set{}, quota.Options{})
		},
		Ender:   &stack.CommandEnder{Ledger: l, Jobs: l, Leases: l, Notices: &w.queue, Stack: "line", Reports: "reports"},
		Metrics: metric.New(io.Discard, "s"), Log: slog.New(slog.NewTextHandler(&w.log, nil)), TempDir: t.TempDir(),
	})
	k.stretch = stretch
	return k
}

// counts returns the outcomes of a command.
func (w *world) counts(t *testing.T, id string) ledger.Counts {
	t.Helper()
	i, err := w.ledger.Import(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	recount := ledger.Counts{Entries: i.Counts.Entries}
	for r, err := range w.ledger.Records(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		recount.Add(r.Outcome, 1)
	}
	if recount != i.Counts {
		t.Errorf("command %s has the counters %+v and the records %+v", id, i.Counts, recount)
	}
	return i.Counts
}

// registry is what the sandbox holds, without the times.
func (w *world) registry(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(w.server.State())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// statuses counts the certificates by status.
func (w *world) statuses() map[string]int {
	n := map[string]int{}
	for _, c := range w.server.State().Certificates {
		n[c.Status]++
	}
	return n
}

func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		list = append(list, line)
	}
	return list
}
