package complete_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

func TestSweepFindsWhatNobodyWorksOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.waiting = 1
		w.begin(t, "busy", 2, stack.PhaseSend)
		w.begin(t, "held", 2, stack.PhaseSend)
		w.begin(t, "idle", 2, stack.PhaseSend)
		w.ledger.Put(stack.Job{Import: "early", Phase: stack.PhaseHash, Updated: time.Now()})
		w.begin(t, "ready", 1, stack.PhaseSent, good)
		w.begin(t, "waiting", 2, stack.PhaseSent, good)
		w.begin(t, "done", 1, stack.PhaseDone, good)
		w.begin(t, "untold", 1, stack.PhaseStopped)
		w.ledger.Put(stack.Job{Import: "unbegun", Phase: stack.PhaseStopped, Updated: time.Now()})
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "complete:ready", 0)

		if _, err := w.ledger.Lease(t.Context(), "held", "other", time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute)
		if err := w.ledger.SetCause(t.Context(), "busy", "", time.Time{}); err != nil { // it moves
			t.Fatal(err)
		}
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "continue:early continue:idle complete:ready continue:unbegun complete:untold", 0)
		if _, err := w.ledger.Lease(t.Context(), "idle", "next", time.Now().Add(time.Second)); err != nil {
			t.Errorf("sweep keeps the lease: %v", err)
		}
	})
}

func TestSweepCountsImportsThatStandStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "denied", 2, stack.PhaseSent, good)
		w.begin(t, "silent", 2, stack.PhaseSent, good)
		w.begin(t, "unreported", 1, stack.PhaseSent, good)
		if err := w.ledger.SetCause(t.Context(), "denied", "AccessDenied", time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := w.ledger.SetCause(t.Context(), "unreported", "no report", time.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "", 2)
		w.waiting = 2
		time.Sleep(31 * time.Minute)
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "", 3)
		time.Sleep(24 * time.Hour)
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(t, w, "complete:unreported", 3)
	})
}

func TestOneImportThatCannotBeReadDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "a", 1, stack.PhaseSent, good)
	w.begin(t, "b", 1, stack.PhaseSent, good)
	n := 0
	w.ledger.Fault = func(method string, when memoryledger.Moment) error {
		if method == "Counts" && when == memoryledger.Before {
			if n++; n == 1 {
				return errBusy
			}
		}
		return nil
	}
	if err := w.Sweep(t.Context()); !errors.Is(err, errBusy) || !strings.Contains(err.Error(), "import a") {
		t.Error(err)
	}
	expect(t, w, "complete:b", 0)
}

func expectTasks(t *testing.T, w *world, tasks string) {
	t.Helper()
	var have []string
	for _, m := range w.tasks.take() {
		fields := strings.Split(m.Body, `"`)
		have = append(have, fields[3]+":"+fields[7])
	}
	if text := strings.Join(have, " "); text != tasks {
		t.Errorf("tasks %q, want %q", text, tasks)
	}
}

func expect(t *testing.T, w *world, tasks string, stalled int) {
	t.Helper()
	expectTasks(t, w, tasks)
	if line := w.metrics.String(); !strings.Contains(line, fmt.Sprintf(`"StalledImports":%d,`, stalled)) {
		t.Errorf("%s, want %d stalled", line, stalled)
	}
	w.metrics.Reset()
}

func TestStopBringsAnImportIntoTheLedgerAndTellsWhy(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.ledger.Put(stack.Job{
		Import: "i", Phase: stack.PhaseCheck, Vendor: "espressif",
		Upload: stack.Upload{Bucket: "b", Key: "x y.csv", Size: 9},
	})
	for range 2 {
		if err := w.Stop(t.Context(), "i", "the decoder crashed", target); err != nil {
			t.Fatal(err)
		}
	}
	expectTasks(t, w, "complete:i complete:i")
	for range 2 {
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatal(err)
		}
	}
	i := w.imported(t, "i")
	if i.State != ledger.StateStopped || i.Cause != "the decoder crashed" || i.Target != target || i.Manifests[0].Name != "x y.csv" {
		t.Errorf("%+v", i)
	}
	if notices := w.notices.take(); len(notices) != 1 || !strings.Contains(notices[0].Body, "the decoder crashed") {
		t.Errorf("%v", notices)
	}
	if j := w.job(t, "i"); j.Phase != stack.PhaseDone || j.Cause != "the decoder crashed" {
		t.Errorf("%+v", j)
	}
}

func TestStopLeavesAloneWhatIsDoneOrWorkedOn(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "done", 1, stack.PhaseDone, good)
	if err := w.Stop(t.Context(), "done", "late", target); err != nil || w.job(t, "done").Phase != stack.PhaseDone {
		t.Errorf("%v", err)
	}
	w.begin(t, "held", 1, stack.PhaseSend)
	if _, err := w.ledger.Lease(t.Context(), "held", "other", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var leased *stack.LeasedError
	if err := w.Stop(t.Context(), "held", "late", target); !errors.As(err, &leased) {
		t.Error(err)
	}
	if err := w.Stop(t.Context(), "unknown", "late", target); !errors.Is(err, ledger.ErrNotFound) {
		t.Error(err)
	}
}

// A stale returns a job once as it was before.
type stale struct {
	stack.Jobs
	before []stack.Job
}

func (s *stale) Get(ctx context.Context, id string) (stack.Job, error) {
	if len(s.before) > 0 {
		job := s.before[0]
		s.before = nil
		return job, nil
	}
	return s.Jobs.Get(ctx, id)
}

// The cause of an import that an operator cancels must not become that of a message.
func TestStopKeepsTheEndOfAnImportThatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	for _, phase := range []string{stack.PhaseStopped, stack.PhaseDone} {
		w := newWorld()
		w.begin(t, "i", 1, phase)
		job := w.job(t, "i")
		job.Cause = "cancelled by ana"
		w.ledger.Put(job)
		before := job
		before.Phase, before.Cause = stack.PhaseSend, ""
		w.Jobs = &stale{w.ledger, []stack.Job{before}}
		if err := w.Stop(t.Context(), "i", "late", target); err != nil {
			t.Error(err)
		}
		if now := w.job(t, "i"); now.Phase != phase || now.Cause != "cancelled by ana" {
			t.Errorf("%s: %+v", phase, now)
		}
	}
}
