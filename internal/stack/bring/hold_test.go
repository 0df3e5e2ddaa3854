package bring_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Unfinished devices go back without a delay as long as the import makes progress.
func TestTheEngineEndsShortOfTheDeadlineAndTheRestIsHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		start := time.Now()
		var ended, aborted time.Duration
		w.engine = func(ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
			done(1, imported(items[1]))
			<-ctx.Done()
			ended = time.Since(start)
			<-c.Abort.Done()
			aborted = time.Since(start)
			return engine.Summary{}, fmt.Errorf("%w: %w", engine.ErrInterrupted, ctx.Err())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if failed := w.handle(ctx, messages(3)...); failed != nil {
			t.Fatal(failed)
		}
		mustBe(t, "no call is begun after", ended, 110*time.Second)
		mustBe(t, "calls are broken off after", aborted, 115*time.Second)
		devices, delays := w.devices.takeDevices(t)
		if len(devices) != 2 || devices[0].Attempt != 1 || devices[0].Cause == "" || devices[0].Since != nil ||
			!devices[0].First.Equal(device(0).First.Add(-115*time.Second)) {
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
		w.engine = func(ctx context.Context, _ engine.Config, _ []engine.Item, _ func(int, ledger.Record)) (engine.Summary, error) {
			<-ctx.Done()
			mustBe(t, "ended after", time.Since(start), 4*time.Second)
			return engine.Summary{}, engine.ErrInterrupted
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
		w.engine = func(_ context.Context, c engine.Config, _ []engine.Item, _ func(int, ledger.Record)) (engine.Summary, error) {
			c.Events(engine.Paused{Cause: errors.New("connection refused")})
			return engine.Summary{}, engine.ErrInterrupted
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
		w.engine = func(context.Context, engine.Config, []engine.Item, func(int, ledger.Record)) (engine.Summary, error) {
			calls++
			return engine.Summary{}, &call.StopError{Cause: &iot.APIError{
				Operation: "CreateThing", Code: "AccessDeniedException",
				Class: iot.ClassImport,
			}}
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

func TestADeviceIsGivenUpAfterTenDaysUnlessItsOutcomeStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		w.handle(t.Context(), message(device(1)))
		old := []stack.DeviceMessage{device(0), device(1), device(2)}
		since := time.Now()
		for i := range old {
			old[i].Attempt, old[i].Cause, old[i].Since = 900, "AccessDeniedException", &since
		}
		time.Sleep(stack.GiveUpAfter + time.Second)
		later := time.Now().Add(-stack.GiveUpAfter + time.Minute)
		old[2].Since = &later
		w.engine = func(context.Context, engine.Config, []engine.Item, func(int, ledger.Record)) (engine.Summary, error) {
			return engine.Summary{}, engine.ErrInterrupted
		}
		w.handle(t.Context(), message(old[0]), message(old[1]), message(old[2]))
		mustBe(t, "counts", w.counts(t), ledger.Counts{Entries: 3, Imported: 1, Failed: 1})
		if r := w.record(t, 0); r.Reason != "undeliverable" || !strings.Contains(r.Detail, "10 days") ||
			!strings.Contains(r.Detail, "AccessDeniedException") {
			t.Errorf("%+v", r)
		}
		mustBe(t, "handed back", len(w.devices.take()), 1)
	})
}

// A device may wait in its queue for as long as the queue keeps it, and must then be tried like any other.
func TestADeviceThatWaitedForTenDaysIsTriedForTenDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		next := device(0)
		time.Sleep(stack.GiveUpAfter + time.Hour)
		began := time.Now()
		w.engine = func(_ context.Context, _ engine.Config, _ []engine.Item, _ func(int, ledger.Record)) (engine.Summary, error) {
			return engine.Summary{}, engine.ErrInterrupted
		}
		for w.counts(t).Failed == 0 {
			w.handle(t.Context(), message(next))
			devices, delays := w.devices.takeDevices(t)
			if len(devices) == 0 {
				break
			}
			next = devices[0]
			time.Sleep(delays[0])
		}
		tried := time.Since(began)
		if r := w.record(t, 0); r.Reason != "undeliverable" || tried < stack.GiveUpAfter || tried > stack.GiveUpAfter+time.Hour {
			t.Errorf("after %s: %+v", tried, r)
		}
	})
}

func TestDevicesOfAPausedOrCancelledImportAreDroppedWithoutACall(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{stack.OrderPause, stack.OrderCancel} {
		w := newWorld(3)
		w.handle(t.Context(), message(device(0)))
		w.manifests.take()
		if _, err := w.ledger.SetOrder(t.Context(), "import", stack.Order{Kind: kind}); err != nil {
			t.Fatal(err)
		}
		w.engine = func(context.Context, engine.Config, []engine.Item, func(int, ledger.Record)) (engine.Summary, error) {
			t.Error(kind, ": the engine was called")
			return engine.Summary{}, nil
		}
		if failed := w.handle(t.Context(), messages(3)...); failed != nil {
			t.Errorf("%s: %v stay in the queue", kind, failed)
		}
		mustBe(t, kind+": handed back", len(w.devices.take()), 0)
		mustBe(t, kind+": tasks", len(w.manifests.take()), 0)
		mustBe(t, kind+": counts", w.counts(t), ledger.Counts{Entries: 3, Imported: 1})
	}
}

// Completion may have closed the ledger while a batch was imported, and a record opens it.
func TestAnImportThatIsCancelledDuringABatchIsClosedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(3)
	w.engine = func(ctx context.Context, c engine.Config, items []engine.Item, done func(int, ledger.Record)) (engine.Summary, error) {
		job := w.job(t)
		job.Phase, job.Cause, job.Order = stack.PhaseDone, "cancelled by ana", stack.Order{Kind: stack.OrderCancel}
		w.ledger.Put(job)
		return all(ctx, c, items, done)
	}
	w.handle(t.Context(), message(device(0)))
	i, err := w.ledger.Import(t.Context(), "import")
	if err != nil || i.State != ledger.StateStopped || i.Cause != "cancelled by ana" || i.Counts.Imported != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	if tasks := w.manifests.take(); len(tasks) != 1 || !strings.Contains(tasks[0].Body, "complete") {
		t.Errorf("the report is not renewed: %v", tasks)
	}
}
