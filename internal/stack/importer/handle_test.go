package importer_test

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

	engine "github.com/thingpress/thingpress/internal/importer"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/importer"
	"github.com/thingpress/thingpress/internal/stack/memoryledger"
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
		if err := json.Unmarshal([]byte(line), &values); err != nil || values["Failed"] != 0.0 || values["Imported"] == nil {
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
	failed := w.handle(t.Context(), importer.Message{ID: "text", Body: "hello"}, message(device(0)), bad)
	slices.Sort(failed)
	if !slices.Equal(failed, []string{"bad", "text"}) {
		t.Error(failed)
	}
	mustBe(t, "imported", w.counts(t).Imported, 1)
}

// The dead-letter queue is for devices that nothing is known about: they can be
// neither recorded nor usefully sent again.
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
	w.engine = func(ctx context.Context, c engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
		for _, item := range items {
			answers, err := w.ledger.Claim(ctx, "import", []dynamodb.Claim{{Entry: 99, ThingName: item.Device.ThingName, CertificateID: item.Device.CertificateID}})
			if err != nil || answers[0].ByName != item.Device.Entry || answers[0].ByCertificate != item.Device.Entry {
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

// Two instances may have one device at the same time. What the one registers is
// not another's for the other, although it claimed first.
func TestTheFirstClaimIsTheMarkOfEveryInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(1)
	var marks []time.Time
	w.engine = func(_ context.Context, _ engine.BatchConfig, items []engine.Item, _ func(int, ledger.Record)) (engine.BatchSummary, error) {
		marks = append(marks, items[0].Marked)
		return engine.BatchSummary{}, engine.ErrInterrupted
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
	w := newWorld(4)
	w.handle(t.Context(),
		message(device(0)),
		message(deviceOf(1, 0, 0)), // the same again
		message(deviceOf(2, 0, 2)), // the same name with another certificate
		message(deviceOf(3, 3, 0))) // the same certificate with another name
	mustBe(t, "counts", w.counts(t), ledger.Counts{Entries: 4, Imported: 1, Skipped: 1, Rejected: 2})
	for entry, want := range map[int]struct{ reason, detail string }{
		1: {"repeated", "entry 0"}, 2: {"contradiction", "entry 0"}, 3: {"contradiction", "entry 0"},
	} {
		r := w.record(t, entry)
		if r.Reason != want.reason || !strings.Contains(r.Detail, want.detail) || r.Line != entry+2 || r.ID == "" || r.CertificateID == "" {
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
			w.engine = func(_ context.Context, _ engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
				if calls++; calls == 2 {
					second = items[0]
				}
				r := outcome(items[0], test.outcome, test.reason)
				r.Steps[0].Created = true
				done(0, r)
				return engine.BatchSummary{}, nil
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
	w.engine = func(ctx context.Context, c engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
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

// What is not done at the deadline goes back at once as long as the import moves.
func TestTheEngineEndsShortOfTheDeadlineAndTheRestIsHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		start := time.Now()
		var ended, aborted time.Duration
		w.engine = func(ctx context.Context, c engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
			done(1, imported(items[1]))
			<-ctx.Done()
			ended = time.Since(start)
			<-c.Abort.Done()
			aborted = time.Since(start)
			return engine.BatchSummary{}, fmt.Errorf("%w: %w", engine.ErrInterrupted, ctx.Err())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if failed := w.handle(ctx, messages(3)...); failed != nil {
			t.Fatal(failed)
		}
		mustBe(t, "no call is begun after", ended, 110*time.Second)
		mustBe(t, "calls are broken off after", aborted, 115*time.Second)
		devices, delays := w.devices.takeDevices(t)
		if len(devices) != 2 || devices[0].Attempt != 1 || devices[0].Cause == "" || !devices[0].First.Equal(device(0).First.Add(-115*time.Second)) {
			t.Errorf("%+v", devices)
		}
		mustBe(t, "delay", max(delays[0], delays[1]), 0)
		mustBe(t, "imported", w.counts(t).Imported, 1)
		mustBe(t, "tasks", len(w.manifests.take()), 0)
	})
}

func TestAShortDeadlineKeepsAFifthOfItForTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		start := time.Now()
		w.engine = func(ctx context.Context, _ engine.BatchConfig, _ []engine.Item, _ func(int, ledger.Record)) (engine.BatchSummary, error) {
			<-ctx.Done()
			mustBe(t, "ended after", time.Since(start), 4*time.Second)
			return engine.BatchSummary{}, engine.ErrInterrupted
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		w.handle(ctx, message(device(0)))
		_, delays := w.devices.takeDevices(t)
		if len(delays) != 1 || delays[0] < 15*time.Second {
			t.Errorf("without progress a device rests: %v", delays)
		}
	})
}

func TestDevicesRestLongerTheMoreOftenTheyWereHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.engine = func(_ context.Context, c engine.BatchConfig, _ []engine.Item, _ func(int, ledger.Record)) (engine.BatchSummary, error) {
			c.Events(engine.Paused{Cause: errors.New("connection refused")})
			return engine.BatchSummary{}, engine.ErrInterrupted
		}
		next := device(0)
		var last time.Duration
		for attempt := range 12 {
			w.handle(t.Context(), message(next))
			devices, delays := w.devices.takeDevices(t)
			if delays[0] < last || delays[0] > stack.MaxDelay || delays[0] != delays[0].Truncate(time.Second) {
				t.Fatalf("attempt %d rests %s after %s", attempt, delays[0], last)
			}
			last, next = delays[0], devices[0]
			if !strings.Contains(next.Cause, "connection refused") || next.Attempt != attempt+1 {
				t.Fatalf("%+v", next)
			}
		}
		mustBe(t, "longest rest", last, stack.MaxDelay)
	})
}

func TestAnImportThatStandsStillIsLeftAloneUntilItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		calls := 0
		w.engine = func(context.Context, engine.BatchConfig, []engine.Item, func(int, ledger.Record)) (engine.BatchSummary, error) {
			calls++
			return engine.BatchSummary{}, &engine.StopError{Cause: errors.New("CreateThing: AccessDeniedException"), Hint: "allow iot:CreateThing to these credentials and run the same command again"}
		}
		w.handle(t.Context(), message(device(0)))
		job := w.job(t)
		if job.Cause != "CreateThing: AccessDeniedException" || time.Until(job.RetryAt) < 10*time.Second {
			t.Fatalf("%+v", job)
		}
		devices, delays := w.devices.takeDevices(t)
		if len(devices) != 1 || delays[0] < time.Until(job.RetryAt) {
			t.Fatalf("%v, retry in %s", delays, time.Until(job.RetryAt))
		}
		w.handle(t.Context(), message(devices[0]))
		mustBe(t, "calls before the time", calls, 1)
		devices, _ = w.devices.takeDevices(t)
		mustBe(t, "attempts", devices[0].Attempt, 2)
		mustBe(t, "cause", devices[0].Cause, job.Cause)

		time.Sleep(time.Until(job.RetryAt))
		w.handle(t.Context(), message(devices[0]))
		mustBe(t, "calls after it", calls, 2)
		notices := w.notices.take()
		if len(notices) != 1 || !strings.Contains(notices[0].Body, "allow iot:CreateThing") || strings.Contains(notices[0].Body, "command") {
			t.Errorf("one stand-still is told once, with what to do: %v", notices)
		}

		time.Sleep(stack.MaxDelay)
		w.engine = all
		devices, _ = w.devices.takeDevices(t)
		w.handle(t.Context(), message(devices[0]))
		mustBe(t, "cause when it moves", w.job(t).Cause, "")
		mustBe(t, "imported", w.counts(t).Imported, 1)
	})
}

func TestOutcomesThatCannotBeRecordedAreHandedBackAndStopTheEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.engine = func(ctx context.Context, _ engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
			done(0, imported(items[0]))
			<-ctx.Done()
			return engine.BatchSummary{}, ctx.Err()
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
	w.engine = func(_ context.Context, _ engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
		done(0, imported(items[0]))
		return engine.BatchSummary{}, engine.ErrInterrupted
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

func TestADeviceIsGivenUpAfterTenDaysUnlessItsOutcomeStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.handle(t.Context(), message(device(1)))
		old := []stack.DeviceMessage{device(0), device(1), device(2)}
		for i := range old {
			old[i].Attempt, old[i].Cause = 900, "AccessDeniedException"
		}
		time.Sleep(stack.GiveUpAfter + time.Second)
		old[2].First = time.Now().Add(-stack.GiveUpAfter + time.Minute)
		w.engine = func(context.Context, engine.BatchConfig, []engine.Item, func(int, ledger.Record)) (engine.BatchSummary, error) {
			return engine.BatchSummary{}, engine.ErrInterrupted
		}
		w.handle(t.Context(), message(old[0]), message(old[1]), message(old[2]))
		mustBe(t, "counts", w.counts(t), ledger.Counts{Entries: 3, Imported: 1, Failed: 1})
		if r := w.record(t, 0); r.Reason != "undeliverable" || !strings.Contains(r.Detail, "10 days") || !strings.Contains(r.Detail, "AccessDeniedException") {
			t.Errorf("%+v", r)
		}
		mustBe(t, "handed back", len(w.devices.take()), 1)
	})
}

// Importing what was sent before an import stopped must not make it look as if it ran.
func TestAStoppedImportStaysStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(2)
	w.ledger.Put(dynamodb.Job{Import: "import", Phase: dynamodb.PhaseStopped, Cause: "changed", Settings: w.job(t).Settings})
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
		w.engine = func(ctx context.Context, c engine.BatchConfig, items []engine.Item, done func(int, ledger.Record)) (engine.BatchSummary, error) {
			if items[0].Device.Entry == 9 {
				<-ctx.Done()
				return engine.BatchSummary{}, engine.ErrInterrupted
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
