package deadletter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/metric"
	"github.com/thingpress/thingpress/internal/stack/deadletter"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

type mailbox struct {
	err  error
	held []string
}

func (b *mailbox) Send(_ context.Context, messages []stack.Message) error {
	if b.err != nil {
		return b.err
	}
	for _, m := range messages {
		b.held = append(b.held, m.Body)
	}
	return nil
}

func (b *mailbox) Notify(ctx context.Context, n stack.Notice) error {
	return b.Send(ctx, []stack.Message{{Body: n.Subject + "\n" + n.Text}})
}

type stopper struct {
	stopped []string
	err     error
}

func (s *stopper) Stop(_ context.Context, id, cause string, target ledger.Target) error {
	if s.err == nil && target == (ledger.Target{Account: "1"}) && cause != "" {
		s.stopped = append(s.stopped, id)
	}
	return s.err
}

type world struct {
	*deadletter.Consumer
	ledger                              *memoryledger.Ledger
	stopper                             stopper
	tasks, manifests, devices, notifier mailbox
	metrics                             bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{ledger: memoryledger.New()}
	w.Consumer = &deadletter.Consumer{
		Ledger: w.ledger, Jobs: w.ledger, Leases: w.ledger, Stopper: &w.stopper, Manifests: &w.tasks,
		ManifestsParked: &w.manifests, DevicesParked: &w.devices,
		Notices: &w.notifier, Metrics: metric.New(&w.metrics, "s"), Log: slog.New(slog.DiscardHandler), Stack: "line-2",
		Commands: &stack.CommandEnder{
			Ledger: w.ledger, Jobs: w.ledger, Leases: w.ledger, Notices: &w.notifier, Stack: "line-2", Reports: "reports",
		},
		Started: func(_ context.Context, body string) ([]string, error) {
			if strings.Contains(body, "TestEvent") {
				return nil, nil
			}
			return []string{"of-event", "of-event-2"}, nil
		},
	}
	if _, err := w.ledger.Begin(t.Context(), ledger.Import{ID: "i", Manifests: []ledger.Manifest{{Entries: 2}}}); err != nil {
		t.Fatal(err)
	}
	w.ledger.Put(stack.Job{Import: "i", Phase: stack.PhaseSent, Upload: stack.Upload{Bucket: "b", Key: "i.csv"}})
	return w
}

func (w *world) handle(t *testing.T, bodies ...string) []string {
	t.Helper()
	messages := make([]stack.Delivery, len(bodies))
	for i, body := range bodies {
		messages[i] = stack.Delivery{ID: string(rune('a' + i)), Body: body}
	}
	return w.Handle(t.Context(), ledger.Target{Account: "1"}, messages)
}

func device(entry int, cause string) string {
	text, err := json.Marshal(stack.DeviceMessage{
		Import: "i", Entry: entry, Line: 4, ID: "id", ThingName: "thing", Certificate: []byte("der"),
		Cause: cause,
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestAnUndeliverableDeviceFailsAndIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if failed := w.handle(t, device(0, "AccessDenied")); failed != nil {
		t.Fatal(failed)
	}
	found, err := w.ledger.Outcomes(t.Context(), "i", []int{0})
	if err != nil {
		t.Fatal(err)
	}
	if r := found[0]; r.Outcome != ledger.Failed || r.Reason != "undeliverable" || !strings.Contains(r.Detail, "AccessDenied") ||
		r.Line != 4 || r.CertificateID.IsZero() {
		t.Errorf("%+v", r)
	}
	if !slices.Equal(w.devices.held, []string{device(0, "AccessDenied")}) || len(w.tasks.held) > 0 {
		t.Errorf("parked %v, tasks %v", w.devices.held, w.tasks.held)
	}
	// The last device asks for completion; a repeated delivery changes nothing.
	w.handle(t, device(1, ""), device(1, ""))
	if counts, err := w.ledger.Counts(t.Context(), "i"); err != nil || counts != (ledger.Counts{Entries: 2, Failed: 2}) {
		t.Errorf("%+v, %v", counts, err)
	}
	if len(w.tasks.held) != 2 || w.tasks.held[0] != `{"thingpress":"complete","import":"i"}` {
		t.Errorf("%v", w.tasks.held)
	}
	if !strings.Contains(w.metrics.String(), `"Undeliverable":2`) {
		t.Error(w.metrics.String())
	}
}

// Nobody would hear of a command whose function dies at each attempt, and no other command could begin.
func TestAnUndeliverableCommandEndsWithANotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	command := stack.Command{Verb: stack.VerbVerify, Of: []string{"i"}}
	w.ledger.Put(stack.Job{Import: "c", Command: &command, Phase: stack.PhaseWork, Upload: stack.Upload{Bucket: "b", Key: "i.csv"}})
	task := stack.Task{Kind: stack.TaskContinue, Import: "c"}.Message(0).Body
	w.notifier.err = errors.New("no table to keep the notice in")
	if failed := w.handle(t, task); len(failed) != 1 {
		t.Error("a lost notice was acknowledged")
	}
	w.notifier.err = nil
	if failed := w.handle(t, task, task); failed != nil {
		t.Error(failed)
	}
	job, err := w.ledger.Get(t.Context(), "c")
	if err != nil || !job.Stopped() {
		t.Errorf("%+v, %v", job, err)
	}
	if n := w.notifier.held; len(n) != 1 || !strings.HasPrefix(n[0], "STOPPED: verify of i.csv\n") ||
		!strings.Contains(n[0], "fix the cause, then go on with: thingpress retry c --stack line-2") {
		t.Errorf("notices %q", n)
	}
}

func TestAnOutcomeThatStandsIsNotReplaced(t *testing.T) {
	t.Parallel()
	for _, standing := range []ledger.Record{
		{Outcome: ledger.Imported},
		{Outcome: ledger.Failed, Reason: "conflict-status"},
	} {
		w := newWorld(t)
		journal, err := w.ledger.Resume(t.Context(), "i")
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.Record(t.Context(), []ledger.Record{standing}); err != nil {
			t.Fatal(err)
		}
		if failed := w.handle(t, device(0, "")); failed != nil || len(w.devices.held) > 0 {
			t.Errorf("%v, parked %v", failed, w.devices.held)
		}
		if found, err := w.ledger.Outcomes(t.Context(), "i", []int{0}); err != nil || found[0].Reason != standing.Reason {
			t.Errorf("%+v, %v", found, err)
		}
	}
}

// Nothing is acknowledged before it is both recorded and parked.
func TestWhatCouldNotBeDoneStaysInTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices.err = errors.New("down")
	if failed := w.handle(t, device(0, "")); !slices.Equal(failed, []string{"a"}) {
		t.Error(failed)
	}
	w.devices.err = nil
	w.ledger.Fault = func(method string, when memoryledger.Moment) error {
		if method == "Record" {
			return errors.New("throttled")
		}
		return nil
	}
	if failed := w.handle(t, device(1, "")); !slices.Equal(failed, []string{"a"}) || len(w.devices.held) > 0 {
		t.Error(failed, w.devices.held)
	}
	w.ledger.Fault = nil
	if failed := w.handle(t, device(0, ""), device(1, "")); failed != nil || len(w.devices.held) != 2 {
		t.Error(failed, w.devices.held)
	}
	if failed := w.handle(t, "garbage", `{"thingpress":"explode","import":"i"}`); !slices.Equal(failed, []string{"a", "b"}) {
		t.Errorf("%v: SQS moves what nobody understands", failed)
	}
	other := strings.Replace(device(0, ""), `"i"`, `"another"`, 1)
	if failed := w.handle(t, other); !slices.Equal(failed, []string{"a"}) {
		t.Errorf("%v: a device of no import", failed)
	}
}

func TestAnUndeliverableManifestStopsItsImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	continued, event := `{"thingpress":"continue","import":"i"}`, `{"Records":[{}]}`
	if failed := w.handle(t, continued, event, `{"Event":"s3:TestEvent"}`, `{"thingpress":"sweep"}`); failed != nil {
		t.Fatal(failed)
	}
	if !slices.Equal(w.stopper.stopped, []string{"i", "of-event", "of-event-2"}) ||
		!slices.Equal(w.manifests.held, []string{continued, event}) {
		t.Errorf("stopped %v, parked %v", w.stopper.stopped, w.manifests.held)
	}
	w.stopper.err = &stack.LeasedError{}
	if failed := w.handle(t, continued); len(failed) != 1 || len(w.manifests.held) != 2 {
		t.Errorf("parked while somebody works on it: %v", failed)
	}
}

// A missing report must not stop an import that has all its outcomes.
func TestAnUndeliverableCompletionIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"thingpress":"complete","import":"i"}`
	if failed := w.handle(t, body); failed != nil || len(w.stopper.stopped) > 0 || !slices.Equal(w.manifests.held, []string{body}) {
		t.Errorf("%v, stopped %v, parked %v", failed, w.stopper.stopped, w.manifests.held)
	}
	if j, err := w.ledger.Get(t.Context(), "i"); err != nil || j.Cause == "" || j.RetryAt.IsZero() {
		t.Errorf("%+v, %v", j, err)
	}
	if len(w.notifier.held) != 1 || !strings.Contains(w.notifier.held[0], "thingpress stack redrive --stack line-2\n") {
		t.Errorf("%v", w.notifier.held)
	}
}
