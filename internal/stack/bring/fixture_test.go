package bring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/bring"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

var target = ledger.Target{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}

// A tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Error(args ...any)
	Fatal(args ...any)
	Context() context.Context
}

// A together is an engine that takes all items before it begins with the first one.
type together = func(
	ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record),
) (engine.Summary, error)

// A world is everything around an importer.
type world struct {
	ledger             *memoryledger.Ledger
	devices, manifests *mailbox
	notices            *mailbox
	metrics            bytes.Buffer
	engine             together
	importer           *bring.Importer
}

func newWorld(entries int) *world {
	w := &world{ledger: memoryledger.New(), devices: &mailbox{}, manifests: &mailbox{}, notices: &mailbox{}, engine: all}
	w.begin("import", entries)
	w.importer = bring.New(bring.Config{
		Ledger: w.ledger, Claims: w.ledger, Jobs: w.ledger, Devices: w.devices, Manifests: w.manifests, Notices: w.notices,
		Metrics: metric.New(&w.metrics, "line-1"), Log: slog.New(slog.DiscardHandler),
		Engine: func(
			ctx context.Context, c engine.Config, most int, items iter.Seq[engine.Item], done func(ledger.Record),
		) (engine.Summary, error) {
			taken := slices.Collect(items)
			if len(taken) == 0 || len(taken) > most {
				return engine.Summary{}, nil
			}
			return w.engine(ctx, c, taken, func(_ int, r ledger.Record) { done(r) })
		},
		Quotas: &bring.Quotas{
			Applied: func(context.Context) (map[string]float64, error) { return nil, nil },
			Share:   1, Sharers: 2, Log: slog.New(slog.DiscardHandler),
		},
	})
	return w
}

// begin adds an import to the ledger whose manifest was sent completely.
func (w *world) begin(id string, entries int) {
	_, err := w.ledger.Begin(context.Background(), ledger.Import{ID: id, Manifests: []ledger.Manifest{{Name: "reel.csv", Entries: entries}}})
	if err != nil {
		panic(err)
	}
	attachments := program.Attachments{Policies: []string{"p"}}
	settings, err := stack.FreezeSettings(engine.Settings{Attachments: attachments}, stack.Allowed{}, time.Now())
	if err != nil {
		panic(err)
	}
	w.ledger.Put(stack.Job{
		Import: id, Phase: stack.PhaseSent, Settings: settings, Updated: time.Now(),
		Upload: stack.Upload{Bucket: "b", Key: id + ".csv"},
	})
}

func (w *world) handle(ctx context.Context, messages ...stack.Delivery) []string {
	return w.importer.Handle(ctx, target, messages)
}

func (w *world) counts(t tester) ledger.Counts {
	t.Helper()
	counts, err := w.ledger.Counts(t.Context(), "import")
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func (w *world) record(t tester, entry int) ledger.Record {
	t.Helper()
	found, err := w.ledger.Outcomes(t.Context(), "import", []int{entry})
	if err != nil {
		t.Fatal(err)
	}
	return found[entry]
}

func (w *world) job(t tester) stack.Job {
	t.Helper()
	job, err := w.ledger.Get(t.Context(), "import")
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// all imports every device.
func all(_ context.Context, _ engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
	for i := range items {
		done(i, imported(items[i]))
	}
	return engine.Summary{}, nil
}

func imported(i engine.Item) ledger.Record { return outcome(i, ledger.Imported, "") }

func outcome(i engine.Item, o ledger.Outcome, reason string) ledger.Record {
	return ledger.Record{
		Place: ledger.Place{Entry: i.Device.Entry}, Outcome: o, Reason: reason, ThingName: i.Device.ThingName,
		CertificateID: i.Device.CertificateID, At: time.Now(),
		Steps: []ledger.Step{{Operation: "RegisterCertificateWithoutCA", Created: o == ledger.Imported}},
	}
}

// leaf returns the certificate of a number, which is created once.
var leaf = func() func(n int) []byte {
	var mu sync.Mutex
	leaves := map[int][]byte{}
	return func(n int) []byte {
		mu.Lock()
		defer mu.Unlock()
		if leaves[n] == nil {
			leaves[n] = materialtest.NewReel("stack").Leaf("device", materialtest.Key("stack"+strconv.Itoa(n)), "").Raw
		}
		return leaves[n]
	}
}()

// device returns the message of an entry with its own name and certificate.
func device(entry int) stack.DeviceMessage { return deviceOf(entry, entry, entry) }

func deviceOf(entry, name, certificate int) stack.DeviceMessage {
	return stack.DeviceMessage{
		Import: "import", Entry: entry, Line: entry + 2, ID: "id" + strconv.Itoa(entry), ThingName: "thing-" + strconv.Itoa(name),
		Certificate: leaf(certificate), First: time.Now(),
	}
}

func message(d stack.DeviceMessage) stack.Delivery {
	body, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return stack.Delivery{ID: "m" + strconv.Itoa(d.Entry), Body: string(body)}
}

func messages(n int) []stack.Delivery {
	list := make([]stack.Delivery, n)
	for i := range list {
		list[i] = message(device(i))
	}
	return list
}

// A mailbox keeps the messages and notices that are sent to it.
type mailbox struct {
	// fault decides about each message whether it is accepted, and whether the sender
	// gets the answer.
	fault func() (taken bool, err error)

	mu   sync.Mutex
	held []stack.Message
}

var errBusy = errors.New("busy")

// Send implements stack.Queue.
func (b *mailbox) Send(_ context.Context, messages []stack.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var refused stack.RefusedError
	for i, m := range messages {
		taken, err := true, error(nil)
		if b.fault != nil {
			taken, err = b.fault()
		}
		if taken {
			b.held = append(b.held, m)
		}
		if err != nil {
			refused.Indices, refused.Cause = append(refused.Indices, i), err
		}
	}
	if refused.Cause != nil {
		return &refused
	}
	return nil
}

// Notify implements stack.Notices.
func (b *mailbox) Notify(ctx context.Context, n stack.Notice) error {
	return b.Send(ctx, []stack.Message{{Body: n.Subject + "\n\n" + n.Text}})
}

// take empties the mailbox.
func (b *mailbox) take() []stack.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.held
	b.held = nil
	return held
}

// takeDevices empties the devices queue.
func (b *mailbox) takeDevices(t tester) (devices []stack.DeviceMessage, delays []time.Duration) {
	t.Helper()
	for _, m := range b.take() {
		d, err := stack.ParseDeviceMessage(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		devices, delays = append(devices, d), append(delays, m.Delay)
	}
	return devices, delays
}

func mustBe[T comparable](t tester, what string, have, want T) {
	t.Helper()
	if have != want {
		t.Error(fmt.Sprint(what, ": have ", have, ", want ", want))
	}
}
