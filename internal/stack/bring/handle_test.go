package bring_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

func TestABatchIsImportedAndItsLastDeviceAsksForCompletion(t *testing.T) {
	t.Parallel()
	w := newWorld(5)
	if failed := w.handle(t.Context(), messages(4)...); failed != nil {
		t.Fatal(failed)
	}
	mustBe(t, "counts", w.counts(t), ledger.Counts{Entries: 5, Imported: 4})
	mustBe(t, "tasks before the end", len(w.manifests.take()), 0)
	w.handle(t.Context(), message(device(4)))
	tasks := w.manifests.take()
	if len(tasks) != 1 || tasks[0].Body != `{"thingpress":"complete","import":"import"}` {
		t.Errorf("%v", tasks)
	}
	mustBe(t, "handed back", len(w.devices.take()), 0)
	for line := range strings.Lines(w.metrics.String()) {
		var values map[string]any
		if err := json.Unmarshal([]byte(line), &values); err != nil || values["Failed"] != 0.0 || values["Imported"] == nil ||
			values["OldestDevice"] == nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	mustBe(t, "lines of metrics", strings.Count(w.metrics.String(), "\n"), 2)
}

func TestGarbageFailsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	broken := device(0)
	broken.Certificate = []byte("no certificate")
	bad := message(broken)
	bad.ID = "bad"
	failed := w.handle(t.Context(), stack.Delivery{ID: "text", Body: "hello"}, message(device(0)), bad)
	slices.Sort(failed)
	if !slices.Equal(failed, []string{"bad", "text"}) {
		t.Error(failed)
	}
	mustBe(t, "imported", w.counts(t).Imported, 1)
}

// Unknown devices belong in the dead-letter queue: they can be neither recorded nor
// usefully sent again.
func TestDevicesOfAnUnknownImportStayInTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	stranger := device(7)
	stranger.Import = "another"
	failed := w.handle(t.Context(), message(device(0)), message(stranger))
	if !slices.Equal(failed, []string{"m7"}) {
		t.Error(failed)
	}
	mustBe(t, "imported", w.counts(t).Imported, 1)
	mustBe(t, "handed back", len(w.devices.take()), 0)
}

func TestNoCallIsMadeBeforeTheClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(2)
	w.engine = func(ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
		for _, item := range items {
			answers, err := w.ledger.Claim(ctx, "import",
				[]stack.Claim{{Entry: 99, ThingName: item.Device.ThingName, CertificateID: item.Device.CertificateID}})
			if err != nil || answers[0].ByName.Entry != item.Device.Entry || answers[0].ByCertificate.Entry != item.Device.Entry {
				t.Errorf("entry %d is not claimed: %+v, %v", item.Device.Entry, answers, err)
			}
			if item.Marked.IsZero() || item.Created {
				t.Errorf("entry %d: %+v", item.Device.Entry, item)
			}
		}
		if c.Target != target || !slices.Equal(c.Settings.Attachments.Policies, []string{"p"}) || c.Limiters == nil {
			t.Errorf("%+v", c)
		}
		return all(ctx, c, items, done)
	}
	w.handle(t.Context(), messages(2)...)
	mustBe(t, "imported", w.counts(t).Imported, 2)
}

// Two instances may have one device at the same time. What one registers must not
// look like a stranger's to the other, although that claimed first.
func TestTheFirstClaimIsTheMarkOfEveryInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	var marks []time.Time
	w.engine = func(_ context.Context, _ engine.Config, items []engine.Item, _ func(int, ledger.Record)) (engine.Summary, error) {
		marks = append(marks, items[0].Marked)
		return engine.Summary{}, engine.ErrInterrupted
	}
	begun := time.Now()
	w.handle(t.Context(), message(device(0)))
	w.handle(t.Context(), message(device(0)))
	if len(marks) != 2 || !marks[0].Equal(marks[1]) || marks[0].Before(begun) {
		t.Errorf("%v", marks)
	}
}

func TestEntriesThatShareANameOrCertificateAreJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(8)
	chip := func(entry, id, name, certificate int) stack.Delivery {
		d := deviceOf(entry, name, certificate)
		d.ID, d.HasVendorID = fmt.Sprintf("chip%d", id), true
		return message(d)
	}
	w.handle(t.Context(),
		message(device(0)),
		message(deviceOf(1, 0, 0)), // a repetition
		message(deviceOf(2, 0, 2)), // the same name with another certificate
		message(deviceOf(3, 3, 0)), // the same certificate with another name
		chip(4, 4, 4, 4),
		chip(5, 4, 4, 4), // a repetition
		chip(6, 6, 4, 4), // the same certificate and name in another chip
		chip(7, 4, 7, 7)) // another certificate and name for the same chip
	mustBe(t, "counts", w.counts(t), ledger.Counts{Entries: 8, Imported: 2, Skipped: 2, Rejected: 4})
	for entry, want := range map[int]struct{ reason, detail string }{
		1: {"repeated", "entry 0"}, 2: {"contradiction", "entry 0 has the same thing name, but another certificate"},
		3: {"contradiction", "entry 0 has the same certificate, but another thing name"},
		5: {"repeated", "entry 4"}, 6: {"contradiction", "entry 4 has the same certificate and thing name, but another vendor ID"},
		7: {"contradiction", "entry 4 has the same vendor ID, but another certificate and another thing name"},
	} {
		r := w.record(t, entry)
		if r.Reason != want.reason || !strings.Contains(r.Detail, want.detail) || r.Line != entry+2 || r.ID == "" || r.CertificateID.IsZero() {
			t.Errorf("entry %d: %+v", entry, r)
		}
	}
	mustBe(t, "tasks", len(w.manifests.take()), 1)
}

func TestARepeatedDeliveryMakesNoCallWhereTheOutcomeStands(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		outcome ledger.Outcome
		reason  string
		again   bool
	}{
		{ledger.Imported, "", false},
		{ledger.Unchanged, "", false},
		{ledger.Failed, "conflict-status", false},
		{ledger.Failed, "undeliverable", true},
	} {
		t.Run(string(test.outcome)+test.reason, func(t *testing.T) {
			t.Parallel()
			w := newWorld(1)
			calls := 0
			var second engine.Item
			w.engine = func(_ context.Context, _ engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
				if calls++; calls == 2 {
					second = items[0]
				}
				r := outcome(items[0], test.outcome, test.reason)
				r.Steps[0].Created = true
				done(0, r)
				return engine.Summary{}, nil
			}
			w.handle(t.Context(), message(device(0)))
			if failed := w.handle(t.Context(), message(device(0))); failed != nil {
				t.Fatal(failed)
			}
			mustBe(t, "called again", calls == 2, test.again)
			if test.again && (second.Marked.IsZero() || !second.Created) {
				t.Errorf("the second time it is not known that the device was begun: %+v", second)
			}
			mustBe(t, "outcome", w.record(t, 0).Outcome, test.outcome)
			mustBe(t, "handed back", len(w.devices.take()), 0)
		})
	}
}

func TestADeviceThatIsTwiceInABatchIsImportedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	w.engine = func(ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
		mustBe(t, "items", len(items), 1)
		return all(ctx, c, items, done)
	}
	twin := message(device(0))
	twin.ID = "twin"
	if failed := w.handle(t.Context(), message(device(0)), twin); failed != nil {
		t.Error(failed)
	}
	w.ledger.Fault = func(string, memoryledger.Moment) error { return errBusy }
	w.devices.fault = func() (bool, error) { return false, errBusy }
	if failed := w.handle(t.Context(), message(device(0)), twin); len(failed) != 2 {
		t.Errorf("%v: both stay where nothing could be done", failed)
	}
}

func TestOutcomesThatCannotBeRecordedAreHandedBackAndStopTheEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.engine = func(ctx context.Context, _ engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
			done(0, imported(items[0]))
			<-ctx.Done()
			return engine.Summary{}, ctx.Err()
		}
		w.ledger.Fault = func(method string, when memoryledger.Moment) error {
			if method == "Record" && when == memoryledger.Before {
				return errors.New("throughput exceeded")
			}
			return nil
		}
		if failed := w.handle(t.Context(), messages(3)...); failed != nil {
			t.Fatal(failed)
		}
		devices, _ := w.devices.takeDevices(t)
		if len(devices) != 3 || !strings.Contains(devices[0].Cause, "throughput exceeded") {
			t.Errorf("%+v", devices)
		}
		mustBe(t, "imported", w.counts(t).Imported, 0)
	})
}

func TestOnlyWhatTheQueueRefusedStaysUnacknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(3)
	w.engine = func(_ context.Context, _ engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
		done(0, imported(items[0]))
		return engine.Summary{}, engine.ErrInterrupted
	}
	n := 0
	w.devices.fault = func() (bool, error) {
		if n++; n == 2 {
			return false, errBusy
		}
		return true, nil
	}
	failed := w.handle(t.Context(), messages(3)...)
	if !slices.Equal(failed, []string{"m2"}) {
		t.Error(failed)
	}
	if held := w.devices.take(); len(held) != 1 {
		t.Errorf("%v", held)
	}
}

// Importing devices that were sent before an import stopped must not make it look as
// if it were running.
func TestAStoppedImportStaysStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(2)
	w.ledger.Put(stack.Job{Import: "import", Phase: stack.PhaseStopped, Cause: "changed", Settings: w.job(t).Settings})
	w.handle(t.Context(), message(device(0)))
	i, err := w.ledger.Import(t.Context(), "import")
	if err != nil || i.State != ledger.StateStopped || i.Cause != "changed" || i.Counts.Imported != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	mustBe(t, "cause", w.job(t).Cause, "changed")
}

func TestImportsInOneBatchDoNotHoldEachOtherUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.begin("slow", 1)
		w.engine = func(ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
			if items[0].Device.Entry == 9 {
				<-ctx.Done()
				return engine.Summary{}, engine.ErrInterrupted
			}
			return all(ctx, c, items, done)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		slow := device(9)
		slow.Import = "slow"
		w.handle(ctx, message(slow), message(device(0)))
		mustBe(t, "imported", w.counts(t).Imported, 1)
		mustBe(t, "handed back", len(w.devices.take()), 1)
	})
}
