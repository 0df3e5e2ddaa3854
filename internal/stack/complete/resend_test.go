package complete_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/complete"
)

// sweepFor sweeps every five minutes.
func (w *world) sweepFor(t *testing.T, d time.Duration, between func()) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Minute) {
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		between()
	}
}

// settle records the outcome of an entry.
func (w *world) settle(t *testing.T, id string, entry int) {
	t.Helper()
	journal, err := w.ledger.Resume(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Record(t.Context(), []ledger.Record{{Place: ledger.Place{Entry: entry}, Outcome: ledger.Imported}}); err != nil {
		t.Fatal(err)
	}
}

func TestSweepHasDevicesOfAPurgedQueueSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "sent", 9, stack.PhaseSent, good)
		w.begin(t, "fed", 9, stack.PhaseSend, good)
		w.begin(t, "paused", 9, stack.PhaseSent, good)
		w.begin(t, "denied", 9, stack.PhaseSent, good)
		w.begin(t, "unfed", 9, stack.PhaseSend, good)
		for id, sent := range map[string]int{"fed": 4, "unfed": 1} {
			job := w.job(t, id)
			job.Sent = sent
			w.ledger.Put(job)
		}
		if _, err := w.ledger.SetOrder(t.Context(), "paused", stack.Order{Kind: stack.OrderPause}); err != nil {
			t.Fatal(err)
		}
		if err := w.ledger.SetCause(t.Context(), "denied", "AccessDenied", time.Now().Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.sweepFor(t, 4*time.Minute, func() {}) // the first sight does not count as a stand
		expect(t, w, "", 1)
		w.sweepFor(t, time.Minute, func() {})
		expect(t, w, "continue:fed continue:sent continue:unfed", 1) // nobody works on the manifest of unfed
		for id, kind := range map[string]string{"sent": "resend", "fed": "resend", "paused": "pause", "denied": "", "unfed": ""} {
			if job := w.job(t, id); job.Order.Kind != kind || id == "fed" && job.Observed.InFlight != 3 {
				t.Errorf("%s: %+v, want the order %q", id, job, kind)
			}
		}
		w.sweepFor(t, time.Minute, func() {}) // the messages after the orders are lost as well
		expectTasks(t, w, "continue:fed continue:sent continue:unfed")
		w.sweepFor(t, 16*time.Minute, func() {})
		if job := w.job(t, "denied"); job.Order.Kind != stack.OrderResend { // its devices would have come back by now
			t.Errorf("denied: %+v", job)
		}
	})
}

func TestSweepLeavesAnImportAloneWhoseTurnHasNotCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.waiting = 300
		w.begin(t, "large", 300, stack.PhaseSent)
		w.begin(t, "reel", 9, stack.PhaseSent, good)
		n := 0
		// 300 devices at one in five minutes take 25 hours.
		w.sweepFor(t, 24*time.Hour, func() {
			w.settle(t, "large", n)
			n++
		})
		expect(t, w, "", 0)
		if observed := w.job(t, "large").Observed; observed.Rate < 0.003 || observed.Rate > 0.004 || observed.Settled != n-1 {
			t.Errorf("%+v after %d devices", observed, n)
		}
		if job := w.job(t, "reel"); job.Order.Kind != "" {
			t.Errorf("%+v", job)
		}
		sweeps := 0
		w.sweepFor(t, 30*time.Hour, func() {
			if sweeps++; sweeps%36 == 0 {
				w.settle(t, "large", n)
				n++
			}
		})
		if job := w.job(t, "reel"); job.Order.Kind != stack.OrderResend {
			t.Errorf("its turn must have come twice: %+v", job)
		}
	})
}

// A queue is never purged at a moment at which nothing else is in it.
func TestSweepMissesMessagesAmongThoseOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "purged", 100, stack.PhaseSent, good)
		w.begin(t, "later", 500, stack.PhaseSent)
		n := 0
		w.sweepFor(t, time.Hour, func() {
			w.settle(t, "later", n)
			n++
			w.waiting = 500 - n
		})
		if job := w.job(t, "purged"); job.Order.Kind != stack.OrderResend {
			t.Errorf("%+v", job)
		}
		if job := w.job(t, "later"); job.Order.Kind != "" {
			t.Errorf("%+v", job)
		}
	})
}

// The messages of a paused import are dropped, and nobody else's are missing because of that.
func TestSweepDoesNotMissTheMessagesOfAPausedImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "paused", 1000, stack.PhaseSent)
		w.begin(t, "large", 300, stack.PhaseSent)
		w.begin(t, "reel", 9, stack.PhaseSent)
		if _, err := w.ledger.SetOrder(t.Context(), "paused", stack.Order{Kind: stack.OrderPause}); err != nil {
			t.Fatal(err)
		}
		n := 0
		w.sweepFor(t, 2*time.Hour, func() {
			w.settle(t, "large", n)
			n++
			w.waiting = 309 - n
		})
		if job := w.job(t, "reel"); job.Order.Kind != "" {
			t.Errorf("%+v", job)
		}
	})
}

func TestImportsAreStalledOnlyIfNothingMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.waiting = 909
		w.begin(t, "large", 900, stack.PhaseSent)
		w.begin(t, "reel", 9, stack.PhaseSent)
		w.begin(t, "paused", 9, stack.PhaseSent)
		if _, err := w.ledger.SetOrder(t.Context(), "paused", stack.Order{Kind: stack.OrderPause}); err != nil {
			t.Fatal(err)
		}
		n := 0
		w.sweepFor(t, 2*time.Hour, func() {
			w.settle(t, "large", n)
			n++
		})
		expect(t, w, "", 0)
		if strings.Contains(w.metrics.String(), `"StalledImports":1`) {
			t.Error("a waiting import is stalled")
		}
		w.sweepFor(t, complete.StalledAfter+10*time.Minute, func() {})
		expect(t, w, "", 2)
	})
}

// The import may be cancelled after its last outcome.
func TestAnImportThatFinishesAlthoughItWasCancelledIsNotReportedAsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 1, stack.PhaseSent, good)
	if _, err := w.ledger.SetOrder(t.Context(), "i", stack.Order{Kind: stack.OrderCancel}); err != nil {
		t.Fatal(err)
	}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	i, notices := w.imported(t, "i"), w.notices.take()
	if i.State != ledger.StateFinished || len(notices) != 1 || w.notices.events[0].State != string(ledger.StateFinished) ||
		!strings.Contains(notices[0].Body, "Every entry is accounted for") {
		t.Errorf("%+v\n%v\n%+v", i, notices, w.notices.events)
	}
}

// A count of messages that cannot be read says nothing about what is lost.
func TestSweepGoesOnIfTheQueueCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "a", 2, stack.PhaseSent, good)
		w.begin(t, "b", 1, stack.PhaseSent, good)
		w.Waiting = func(context.Context) (int, error) { return 0, errBusy }
		for range 2 {
			if err := w.Sweep(t.Context()); !errors.Is(err, errBusy) {
				t.Error(err)
			}
			time.Sleep(5 * time.Minute)
		}
		expect(t, w, "complete:b complete:b", 0)
	})
}

// What an importer had begun when the import was cancelled comes to its end after the report.
func TestReportOfACancelledImportIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 5, stack.PhaseStopped, good)
	job := w.job(t, "i")
	job.Cause, job.Progress = "cancelled by ana", []byte(`{"check":{"entries":5},"checked":true}`)
	job.Order = stack.Order{Kind: stack.OrderCancel}
	w.ledger.Put(job)
	for range 2 {
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatal(err)
		}
	}
	if notices := w.notices.take(); len(notices) != 1 {
		t.Errorf("%v", notices)
	}
	if job := w.job(t, "i"); !strings.Contains(string(job.Progress), `"checked":true`) || job.Phase != stack.PhaseDone {
		t.Errorf("the decoder's progress is lost: %s", job.Progress)
	}
	w.settle(t, "i", 1)
	if err := stack.CloseAgain(t.Context(), w.ledger, w.job(t, "i")); err != nil {
		t.Fatal(err)
	}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	notices := w.notices.take()
	if i := w.imported(t, "i"); len(notices) != 1 || !strings.Contains(notices[0].Body, "2 imported") || i.State != ledger.StateStopped ||
		i.Cause != "cancelled by ana" {
		t.Errorf("%v, %+v", notices, i)
	}
}
