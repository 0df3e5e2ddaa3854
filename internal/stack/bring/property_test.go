package bring_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
	"github.com/thingpress/thingpress/manifest"
)

// A storm is a world in which everything fails at times, and instances are killed
// between any two steps.
type storm struct {
	*world
	t *rapid.T

	mu    sync.Mutex
	on    bool
	dead  bool // the instance was killed: nothing that it does has an effect
	steps int  // until it is
	calls map[int]int
}

var errKilled = errors.New("killed")

// strike decides what happens in the next step.
func (s *storm) strike() (effect bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on {
		return true, nil
	}
	if s.dead {
		return false, errKilled
	}
	if s.steps--; s.steps == 0 {
		s.dead = true
		return rapid.Bool().Draw(s.t, "killed after its effect"), errKilled
	}
	switch rapid.IntRange(0, 19).Draw(s.t, "fault") {
	case 0:
		return false, errBusy
	case 1:
		return true, errBusy // done, but the answer was lost
	}
	return true, nil
}

// fault is strike in the form of the ledger.
func (s *storm) fault(_ string, when memoryledger.Moment) error {
	effect, err := s.strike()
	if when == memoryledger.Before && effect {
		return nil
	}
	return err
}

// engine imports some of the devices, and ends as at a deadline, after a denied call,
// or well. It must not make a call for a device whose outcome stands.
func (s *storm) engine(ctx context.Context, _ engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
	standing := s.standing(items)
	names, certs := map[string]bool{}, map[string]bool{}
	end, how := len(items), error(nil)
	if s.on {
		end = rapid.IntRange(0, 2*len(items)).Draw(s.t, "end")
		how = rapid.SampledFrom([]error{engine.ErrInterrupted, &call.StopError{Cause: errors.New("AccessDeniedException")}}).Draw(s.t, "how")
	}
	for i, item := range items {
		if ctx.Err() != nil {
			return engine.Summary{}, engine.ErrInterrupted
		}
		if i == end {
			return engine.Summary{}, how
		}
		d := item.Device
		if standing[d.Entry] {
			s.t.Errorf("calls for entry %d, whose outcome stands", d.Entry)
		}
		if names[d.ThingName] || certs[d.CertificateID.String()] {
			s.t.Errorf("two entries of one name or certificate are imported at once")
		}
		if s.calls[d.Entry] > 0 && item.Marked.IsZero() {
			s.t.Errorf("entry %d was begun before, and nothing says so", d.Entry)
		}
		names[d.ThingName], certs[d.CertificateID.String()] = true, true
		s.calls[d.Entry]++
		o := ledger.Imported
		if d.Entry%7 == 3 {
			o = ledger.Failed
		}
		done(i, outcome(item, o, map[bool]string{true: "conflict-status"}[o == ledger.Failed]))
	}
	return engine.Summary{}, nil
}

// standing returns outcomes without faults.
func (s *storm) standing(items []engine.Item) map[int]bool {
	s.mu.Lock()
	on := s.on
	s.on = false
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.on = on; s.mu.Unlock() }()
	standing := map[int]bool{}
	for _, item := range items {
		r := s.record(s.t, item.Device.Entry)
		standing[item.Device.Entry] = r.Outcome != "" && (r.Outcome != ledger.Failed || r.Reason != "undeliverable")
	}
	return standing
}

// deliver delivers some of the messages in the queue, in another order and some
// twice. It acknowledges what the function does not return, unless that was killed.
func (s *storm) deliver(queued []stack.Delivery) []stack.Delivery {
	order := rapid.Permutation(queued).Draw(s.t, "order")
	n := rapid.IntRange(1, len(order)).Draw(s.t, "batch")
	batch, left := order[:n:n], order[n:]
	if rapid.Bool().Draw(s.t, "twice") {
		batch = append(batch, batch[0])
	}
	s.dead, s.steps = false, rapid.IntRange(0, 60).Draw(s.t, "steps")
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	failed := s.importer.Handle(ctx, target, batch)
	for _, m := range order[:n] {
		again := s.on && rapid.IntRange(0, 9).Draw(s.t, "delivered again") == 0
		if s.dead || again || slices.Contains(failed, m.ID) {
			left = append(left, m)
		}
	}
	for i, m := range s.devices.take() {
		left = append(left, stack.Delivery{ID: fmt.Sprint(len(left), "-", i, "-", time.Now().UnixNano()), Body: m.Body})
	}
	return left
}

// An undated test hides its deadline, which does not exist inside a bubble.
type undated struct{ *testing.T }

// Whatever the order of messages, and whatever fails, in the end every entry has one
// outcome and the counters agree.
func TestEveryEntryHasOneOutcomeHoweverItIsDelivered(t *testing.T) {
	t.Parallel()
	// A day passes in a bubble within some six checks, and then rapid has had enough of it.
	for range 50 {
		synctest.Test(t, func(t *testing.T) { rapid.Check(undated{t}, weather) })
	}
}

func weather(t *rapid.T) {
	entries := rapid.IntRange(1, 12).Draw(t, "entries")
	s := &storm{world: newWorld(entries), t: t, calls: map[int]int{}}
	s.world.engine = s.engine
	s.ledger.Fault = s.fault
	s.devices.fault, s.manifests.fault, s.notices.fault = s.strike, s.strike, s.strike
	var queued []stack.Delivery
	first := map[int]stack.DeviceMessage{}
	census := stack.NewCensus(3 * entries)
	for entry := range entries {
		d := deviceOf(entry, rapid.IntRange(0, entries).Draw(t, "name"), rapid.IntRange(0, entries).Draw(t, "certificate"))
		first[entry] = d
		device := deviceIn(t, d)
		census.Add(&device)
	}
	counted := rapid.Bool().Draw(t, "the decoder knows what is shared")
	for entry := range entries {
		d := first[entry]
		device := deviceIn(t, d)
		d.Alone = counted && !census.Shared().Has(&device)
		queued = append(queued, message(d))
	}
	s.on = true
	for round := 0; len(queued) > 0; round++ {
		if round == 8 {
			s.on = false // the faults end
		}
		if round > 60 {
			t.Fatalf("%d messages never end", len(queued))
		}
		queued = s.deliver(queued)
		time.Sleep(stack.MaxDelay) // delayed messages are due
	}
	s.on = false
	s.verdict(t, entries, first)
}

// deviceIn returns the device of a message.
func deviceIn(t *rapid.T, m stack.DeviceMessage) manifest.Device {
	device, err := m.Device()
	if err != nil {
		t.Fatal(err)
	}
	return device
}

func (s *storm) verdict(t *rapid.T, entries int, first map[int]stack.DeviceMessage) {
	recount := ledger.Counts{Entries: entries}
	imported := map[string]int{}
	for entry := range entries {
		r := s.record(t, entry)
		recount.Add(r.Outcome, 1)
		d := first[entry]
		switch r.Outcome {
		case ledger.Imported, ledger.Failed:
			for _, name := range []string{d.ThingName, d.CertificateID().String()} {
				if other, ok := imported[name]; ok {
					t.Fatalf("entries %d and %d both have %s", other, entry, name)
				}
				imported[name] = entry
			}
			if s.calls[entry] == 0 {
				t.Fatalf("entry %d is %s without a call", entry, r.Outcome)
			}
		case ledger.Skipped, ledger.Rejected:
			if s.calls[entry] > 0 {
				t.Fatalf("entry %d is %s after calls", entry, r.Outcome)
			}
		default:
			t.Fatalf("entry %d has the outcome %q", entry, r.Outcome)
		}
	}
	for entry, d := range first {
		r := s.record(t, entry)
		name, byName := imported[d.ThingName]
		cert, byCert := imported[d.CertificateID().String()]
		same := byName && byCert && name == cert
		if r.Outcome == ledger.Skipped && (!same || !strings.HasSuffix(r.Detail, fmt.Sprint("entry ", name))) ||
			r.Outcome == ledger.Rejected && (same || !byName && !byCert) {
			t.Fatalf("entry %d, of %s and %s: %s %s", entry, d.ThingName, d.CertificateID().String()[:8], r.Outcome, r.Detail)
		}
	}
	if counts := s.counts(t); counts != recount || counts.Pending() > 0 {
		t.Fatalf("counters %+v, records %+v", counts, recount)
	}
	if job := s.job(t); job.Phase != stack.PhaseSent {
		t.Fatalf("%+v", job)
	}
}
