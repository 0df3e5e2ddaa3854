package complete_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/memoryledger"
)

func task(id string) stack.Task { return stack.Task{Kind: stack.TaskComplete, Import: id} }

const (
	lines = "reports/espressif/i/report.jsonl"
	table = "reports/espressif/i/report.csv"
	page  = "reports/espressif/i/report.html"
)

func TestAnImportEndsWithReportNoticeAndLedgerClosed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 3, stack.PhaseSent, good, bad, lost)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for line := range strings.Lines(w.store.objects[lines]) {
		var row report.Row
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Import != "i" || row.Manifest != "s3://b/reel 1.csv" {
			t.Errorf("%s: %v", line, err)
		}
		outcomes = append(outcomes, row.Outcome)
	}
	if fmt.Sprint(outcomes) != "[imported rejected failed]" {
		t.Errorf("%v", outcomes)
	}
	if rows, err := csv.NewReader(strings.NewReader(w.store.objects[table])).ReadAll(); err != nil || len(rows) != 4 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if i := w.imported(t, "i"); i.State != ledger.StateFinished || i.Ended.IsZero() {
		t.Errorf("%+v", i)
	}
	if j := w.job(t, "i"); j.Phase != stack.PhaseDone {
		t.Errorf("%+v", j)
	}
	notices := w.notices.take()
	if len(notices) != 1 {
		t.Fatal(notices)
	}
	for _, part := range []string{
		"1 imported, 1 failed, 1 rejected: reel 1.csv", "3 entries", "expired", "parameter AllowExpired", "entry 1 (line 7), thing b",
		"thingpress stack redrive", "s3://reports/espressif/i/report.csv", "s3://reports/espressif/i/report.jsonl", "111122223333", "eu-west-1",
	} {
		if !strings.Contains(notices[0].Body, part) {
			t.Errorf("the notice lacks %q:\n%s", part, notices[0].Body)
		}
	}
}

// A report clears the cause that delayed it: a job that is done and has a cause was
// stopped.
func TestAFinishedImportKeepsNoCause(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 1, stack.PhaseSent, good)
	if err := w.ledger.SetCause(t.Context(), "i", "no report", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	if j := w.job(t, "i"); j.Cause != "" || j.Phase != stack.PhaseDone {
		t.Errorf("%+v", j)
	}
}

func TestCompletionIsIdempotentAndComesAgainWhenSomethingChanged(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 2, stack.PhaseSent, good, lost)
	for range 3 {
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatal(err)
		}
	}
	if notices := w.notices.take(); len(notices) != 1 {
		t.Errorf("%d notices", len(notices))
	}
	journal, err := w.ledger.Resume(t.Context(), "i")
	if err != nil {
		t.Fatal(err)
	}
	redriven := good
	redriven.Entry = 1
	if err := journal.Record(t.Context(), []ledger.Record{redriven}); err != nil {
		t.Fatal(err)
	}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	notices := w.notices.take()
	if len(notices) != 1 || !strings.HasPrefix(notices[0].Body, "2 imported: ") ||
		!strings.Contains(notices[0].Body, "Every entry is accounted for") {
		t.Errorf("%v", notices)
	}
	if strings.Contains(w.store.objects[lines], "undeliverable") || w.imported(t, "i").State != ledger.StateFinished {
		t.Error("the report is that of before")
	}
}

func TestWhatIsNotReadyIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "pending", 2, stack.PhaseSent, good)
	w.begin(t, "reading", 2, stack.PhaseSend, good)
	w.begin(t, "quick", 1, stack.PhaseSend, good)
	w.ledger.Put(stack.Job{Import: "new", Phase: stack.PhaseCheck})
	for _, id := range []string{"pending", "reading", "quick", "new", "unknown"} {
		if err := w.Complete(t.Context(), task(id)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if len(w.store.objects) > 0 || len(w.notices.take()) > 0 {
		t.Error("something was written")
	}
	// The devices of "quick" were imported before the decoder recorded that all were
	// sent.
	tasks := w.tasks.take()
	if len(tasks) != 1 || tasks[0].Body != `{"thingpress":"complete","import":"quick","attempt":1}` || tasks[0].Delay < time.Second {
		t.Errorf("%v", tasks)
	}
	if err := w.Complete(t.Context(), stack.Task{Kind: stack.TaskComplete, Import: "quick", Attempt: 10}); err != nil ||
		len(w.tasks.take()) > 0 {
		t.Errorf("put off for ever: %v", err)
	}
}

func TestCompletionWaitsForWhoHoldsTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.begin(t, "i", 1, stack.PhaseSent, good)
		if _, err := w.ledger.Lease(t.Context(), "i", "other", time.Now().Add(40*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatal(err)
		}
		if tasks := w.tasks.take(); len(tasks) != 1 || tasks[0].Delay != 41*time.Second {
			t.Errorf("%v", tasks)
		}
		time.Sleep(40 * time.Second)
		if err := w.Complete(t.Context(), task("i")); err != nil || w.job(t, "i").Phase != stack.PhaseDone {
			t.Errorf("%v", err)
		}
	})
}

func TestAStoppedImportTellsItsCauseOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 2, stack.PhaseStopped, bad)
	j := w.job(t, "i")
	j.Cause = "the manifest ends in the middle"
	w.ledger.Put(j)
	for range 2 {
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatal(err)
		}
	}
	notices := w.notices.take()
	if len(notices) != 1 || !strings.HasPrefix(notices[0].Body, "STOPPED: import of reel 1.csv") ||
		!strings.Contains(notices[0].Body, "ends in the middle") ||
		!strings.Contains(notices[0].Body, "1 pending") || strings.Contains(notices[0].Body, "same command") ||
		!strings.Contains(notices[0].Body, "--stack line-1\nOr, if the manifest is wrong, upload a corrected one.") {
		t.Errorf("%v", notices)
	}
	if i := w.imported(t, "i"); i.State != ledger.StateStopped || i.Cause != j.Cause {
		t.Errorf("%+v", i)
	}
	if n := strings.Count(w.metrics.String(), `"StoppedImports":1,`); n != 1 {
		t.Errorf("the alarm on stopped imports sees %d: %s", n, w.metrics.String())
	}
	if strings.Count(w.store.objects[lines], "\n") != 1 || w.job(t, "i").Phase != stack.PhaseDone || w.job(t, "i").Cause != j.Cause {
		t.Error(w.store.objects[lines])
	}
}

// Programs act on the event, so it must have the numbers of the import.
func TestTheEventOfAnEndedImportHasItsNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 3, stack.PhaseSent, good, bad, lost)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	want := []stack.Event{{
		Schema: 1, Kind: stack.NoticeEnded, Import: "i", State: "finished", Vendor: "espressif", Bucket: "b", Key: "reel 1.csv", Version: "i",
		Counts: ledger.Counts{Entries: 3, Imported: 1, Rejected: 1, Failed: 1},
		Reasons: []stack.EventReason{
			{Outcome: ledger.Failed, Reason: "undeliverable", Count: 1}, {Outcome: ledger.Rejected, Reason: "expired", Count: 1},
		},
		Reports: []string{"s3://reports/espressif/i/report.jsonl", "s3://reports/espressif/i/report.csv", "s3://reports/espressif/i/report.html"},
	}}
	if len(w.notices.events) == 1 && w.notices.events[0].Ended == nil {
		t.Error("it has no end")
	}
	if diff := cmp.Diff(want, w.notices.events, cmpopts.IgnoreFields(stack.Event{}, "Begun", "Ended")); diff != "" {
		t.Error(diff)
	}
}

// An alarm would ring for what the operator has ordered.
func TestACancelledImportRingsNoAlarm(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 2, stack.PhaseStopped, good)
	j := w.job(t, "i")
	j.Cause, j.Order = "cancelled by the operator", stack.Order{Kind: stack.OrderCancel, At: time.Now()}
	w.ledger.Put(j)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	if body := w.notices.take()[0].Body; !strings.Contains(body, "To import the rest: thingpress retry i --stack line-1\n") {
		t.Errorf("the notice has no way back: %s", body)
	}
	if w.job(t, "i").Phase != stack.PhaseDone || strings.Contains(w.metrics.String(), "StoppedImports") {
		t.Errorf("%+v, %s", w.job(t, "i"), w.metrics.String())
	}
}

func TestNumbersThatDoNotAddUpStopTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 3, stack.PhaseSent, good, bad)
	w.ledger.Miscount("i", 1)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	i := w.imported(t, "i")
	if i.State != ledger.StateStopped || !strings.Contains(i.Cause, "do not add up") {
		t.Errorf("%+v", i)
	}
	if notices := w.notices.take(); len(notices) != 1 || !strings.Contains(notices[0].Body, "bug in Thingpress") {
		t.Errorf("%v", notices)
	}
	if j := w.job(t, "i"); j.Phase != stack.PhaseDone || j.Cause != i.Cause {
		t.Errorf("%+v", j)
	}
}

// Whatever the step at which an instance is killed, the next one completes the
// import.
func TestCompletionSurvivesADeathBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	for step := 1; ; step++ {
		w := newWorld()
		w.begin(t, "i", 3, stack.PhaseSent, good, bad, lost)
		left, dead := step, false
		strike := func() error {
			if left--; left == 0 {
				dead = true
			}
			if dead {
				return errBusy
			}
			return nil
		}
		w.ledger.Fault = func(string, memoryledger.Moment) error { return strike() }
		w.store.fault, w.tasks.fault, w.notices.fault = strike, strike, strike
		died := w.Complete(t.Context(), task("i"))
		w.ledger.Fault, w.store.fault, w.tasks.fault, w.notices.fault = nil, nil, nil, nil
		if dead && died == nil {
			t.Errorf("step %d failed, and nobody was told", step)
		}
		// The lease of the dead instance expires; here it is removed.
		w.ledger.Put(w.job(t, "i"))
		if err := w.Complete(t.Context(), task("i")); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if i := w.imported(t, "i"); i.State != ledger.StateFinished || w.job(t, "i").Phase != stack.PhaseDone {
			t.Errorf("step %d: %+v", step, i)
		}
		if n := strings.Count(w.store.objects[lines], "\n"); n != 3 || len(w.store.uploads) > 0 {
			t.Errorf("step %d: a report of %d lines, %d uploads left over", step, n, len(w.store.uploads))
		}
		if n := len(w.notices.take()); n < 1 || n > 2 {
			t.Errorf("step %d: %d notices", step, n)
		}
		if !dead {
			if step < 20 {
				t.Errorf("only %d steps", step)
			}
			return
		}
	}
}

func TestALongReportGoesInPartsAndAppearsWhole(t *testing.T) {
	t.Parallel()
	w := newWorld()
	const entries = 30_000
	records := make([]ledger.Record, entries)
	for n := range records {
		records[n] = good
		records[n].Detail = strings.Repeat("x", 600)
	}
	w.begin(t, "i", entries, stack.PhaseSent, records...)
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(w.store.objects[lines], "\n"); n != entries || !strings.HasSuffix(w.store.objects[lines], "}\n") {
		t.Errorf("%d lines", n)
	}
	if n := strings.Count(w.store.objects[table], "\n"); n != entries+1 {
		t.Errorf("%d rows", n)
	}
	if w.store.largest > 9<<20 || w.store.largest < 5<<20 {
		t.Errorf("a part of %d bytes", w.store.largest)
	}
	// After a failure in the middle, nothing is left and the old report stays.
	before, n := w.store.objects[lines], 0
	w.store.fault = func() error {
		if n++; n == 5 {
			return errBusy
		}
		return nil
	}
	if _, err := w.ledger.Resume(t.Context(), "i"); err != nil {
		t.Fatal(err)
	}
	if err := w.Complete(t.Context(), task("i")); !errors.Is(err, errBusy) {
		t.Errorf("%v", err)
	}
	if len(w.store.uploads) > 0 || w.store.objects[lines] != before {
		t.Errorf("%d uploads are left over", len(w.store.uploads))
	}
}

func TestCompletionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 1, stack.PhaseSent, good)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Complete(ctx, task("i")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// meanwhile lets something happen just before a lease is taken.
type meanwhile struct {
	stack.Leases
	once sync.Once
	do   func()
}

func (m *meanwhile) Lease(ctx context.Context, importID, owner string, until time.Time) (stack.Lease, error) {
	m.once.Do(m.do)
	return m.Leases.Lease(ctx, importID, owner, until)
}

// Of two completions at the same time the second one must not call an import finished that the
// first one has closed as stopped.
func TestStoppedImportStaysStoppedIfCompletionIsAskedForTwice(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin(t, "i", 0, stack.PhaseStopped)
	first := *w.Completer
	w.Leases = &meanwhile{Leases: w.ledger, do: func() {
		if err := first.Complete(t.Context(), task("i")); err != nil {
			t.Error(err)
		}
	}}
	if err := w.Complete(t.Context(), task("i")); err != nil {
		t.Fatal(err)
	}
	if i, err := w.ledger.Import(t.Context(), "i"); err != nil || i.State != ledger.StateStopped {
		t.Errorf("state %s: %v", i.State, err)
	}
	if n := len(w.notices.take()); n != 1 {
		t.Errorf("%d notices", n)
	}
}
