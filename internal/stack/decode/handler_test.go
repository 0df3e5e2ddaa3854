package decode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// config is that of a stack with the buckets espressif, generated and so on.
func config() stack.Config {
	c := stack.Config{
		Stack: "test", Signers: "signers", SettingsBucket: "settings", Parameters: "parameters", Buckets: map[string]string{},
		Share: 1, MaxConcurrency: 2,
		InFlight: 1 << 30, // in tests that do not drain the queue

		AllowTestMaterial: true,
	}
	for _, vendor := range vendors.Names() {
		c.Buckets[vendor] = vendor
	}
	return c
}

// tasks returns the tasks in the manifests queue, and their delays.
func (w *world) sent(t *testing.T) (tasks []stack.Task, delays []time.Duration) {
	t.Helper()
	for _, m := range w.inbox {
		task, ok, err := stack.ParseTask(m.Body)
		if err != nil || !ok {
			t.Fatalf("%q: %v", m.Body, err)
		}
		tasks, delays = append(tasks, task), append(delays, m.Delay)
	}
	return tasks, delays
}

func taskBody(t *testing.T, task stack.Task) string {
	t.Helper()
	body, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// A message that no function can handle must get to the dead-letter queue, and no
// other message with it.
func TestOnlyMessagesThatMakeNoSenseAreReportedAsFailed(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "espressif", 3, 0)
	good := m.put(w)
	h := (&process{world: w}).handler(config())
	var e events.SQSEvent
	want := events.SQSEventResponse{}
	for i, message := range []struct {
		body string
		bad  bool
	}{
		{"hello", true},
		{"{}", true},
		{`{"thingpress":"dance"}`, true},
		{`{"thingpress":"continue"}`, true},
		{taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: "nobody's"}), true},
		{strings.ReplaceAll(good, `"espressif"`, `"somebody's"`), true},
		{`{"Event":"s3:TestEvent"}`, false},
		{event(record("ObjectRemoved:Delete", "espressif", `"key":"a"`)), false},
		{good, false},
		{good, false},
		{`{"thingpress":"sweep"}`, false},
	} {
		id := fmt.Sprint(i)
		e.Records = append(e.Records, events.SQSMessage{MessageId: id, Body: message.body})
		if message.bad {
			want.BatchItemFailures = append(want.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
	}
	got, err := h.Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(w.jobs) != 1 || len(w.devices) != 3 || len(w.tasks) != 1 {
		t.Errorf("%d jobs, %d devices, tasks %v", len(w.jobs), len(w.devices), w.tasks)
	}
}

func TestSeveralUploadsInOneEventAreSeveralImports(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := generated(t, "espressif", 3, 0)
	m.put(w)
	var records []string
	for i := range 3 {
		records = append(records, record("ObjectCreated:Put", "espressif",
			fmt.Sprintf(`"key":"reel%%2B1","size":%d,"eTag":"e1","sequencer":"%d"`, len(m.content), i)))
	}
	h := (&process{world: w}).handler(config())
	if err := h.handleMessage(t.Context(), event(records...)); err != nil {
		t.Fatal(err)
	}
	tasks, _ := w.sent(t)
	if len(w.jobs) != 3 || len(tasks) != 2 || len(w.devices) != 3 {
		t.Fatalf("%d jobs, tasks %v, %d devices", len(w.jobs), tasks, len(w.devices))
	}
	for _, task := range tasks {
		if err := h.handleMessage(t.Context(), taskBody(t, task)); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.devices) != 9 {
		t.Errorf("%d devices", len(w.devices))
	}
}

// While another invocation works, only this message makes sure that the job continues
// if that invocation dies. It must not wait for the end of a lease that is released long
// before.
func TestDuplicateIsHandedBackForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		m := generated(t, "espressif", 3, 0)
		body := m.put(w)
		p := &process{world: w}
		h := p.handler(config())
		id, err := h.startJob(t.Context(), must(parseEvent(body))[0].Upload)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Lease(t.Context(), id, "other", time.Now().Add(90*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := h.handleMessage(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		tasks, delays := w.sent(t)
		if len(tasks) != 1 || tasks[0] != (stack.Task{Kind: stack.TaskContinue, Import: id}) || delays[0] != time.Minute ||
			len(w.devices) > 0 {
			t.Errorf("%+v after %v, %d devices", tasks, delays, len(w.devices))
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// An outage is visible while it lasts, and leaves nothing behind.
func TestFaultIsNotedHandedBackLaterEachTimeAndForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		m := generated(t, "espressif", 30, 0)
		p := &process{world: w}
		p.fault = func(op string, _ bool) error {
			if op == "Send" {
				return errors.New("the queue is on fire")
			}
			return nil
		}
		h := p.handler(config())
		h.every = 10
		body := m.put(w)
		for i, want := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute} {
			if err := h.handleMessage(t.Context(), body); err != nil {
				t.Fatal(err)
			}
			_, job := only(t, w)
			if !strings.Contains(job.Cause, "on fire") || !job.RetryAt.Equal(time.Now().Add(want)) || len(w.leases) > 0 {
				t.Errorf("cause %q until %v, leases %v", job.Cause, job.RetryAt, w.leases)
			}
			tasks, delays := w.sent(t)
			// The first pass was progress, so the count restarts with the second.
			if n := len(tasks) - 1; n != i || tasks[n].Attempt != i+1 || delays[n] != want {
				t.Fatalf("%+v after %v", tasks, delays)
			}
			body = taskBody(t, tasks[i])
		}
		p.fault = nil
		if err := h.handleMessage(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		if problem := m.verify(w); problem != "" {
			t.Error(problem)
		}
		if _, job := only(t, w); job.Cause != "" || !job.RetryAt.IsZero() {
			t.Errorf("cause %q until %v", job.Cause, job.RetryAt)
		}
	})
}

func TestFaultThatLastsForDaysComesToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		m := generated(t, "espressif", 3, 0)
		body := m.put(w)
		p := &process{world: w}
		h := p.handler(config())
		if _, err := h.startJob(t.Context(), must(parseEvent(body))[0].Upload); err != nil {
			t.Fatal(err)
		}
		p.fault = func(op string, _ bool) error {
			if op == "Get" {
				return errors.New("no answer")
			}
			return nil
		}
		id, _ := only(t, w)
		body, began := taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: id}), time.Now()
		for n := 0; ; n++ {
			err := h.handleMessage(t.Context(), body)
			if err != nil {
				if n != mostFaults || !strings.Contains(err.Error(), "no answer") {
					t.Errorf("after %d times: %v", n, err)
				}
				break
			}
			tasks, delays := w.sent(t)
			body = taskBody(t, tasks[n])
			time.Sleep(delays[n])
		}
		if took := time.Since(began); took < 20*time.Hour || took > 30*time.Hour {
			t.Errorf("given up after %v", took)
		}
	})
}

// Handing on must end: if two invocations in a row make no progress, no other will.
func TestImportThatDoesNotAdvanceIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		m := generated(t, "espressif", 3, 0)
		body := m.put(w)
		p := &process{world: w}
		slow := false
		p.fault = func(op string, after bool) error {
			if slow && op == "GetObject" && !after {
				p.mu.Unlock()
				defer p.mu.Lock()
				time.Sleep(time.Minute)
				return context.DeadlineExceeded
			}
			return nil
		}
		h := p.handler(config())
		for n := 1; n <= 3; n++ {
			ctx, end := context.WithTimeout(t.Context(), time.Minute)
			if err := h.handleMessage(ctx, body); err != nil {
				t.Fatal(err)
			}
			end()
			if n == 1 { // it reaches the end, and is put back
				id, job := only(t, w)
				job.Phase, job.Progress = stack.PhaseCheck, []byte(`{"ready":true,"sha256":"00"}`)
				w.jobs[id], w.devices, w.inbox = job, nil, nil
				delete(w.imports, id)
				body, slow = taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: id}), true
				continue
			}
			_, job := only(t, w)
			tasks, _ := w.sent(t)
			switch {
			case n == 2 && (len(tasks) != 1 || tasks[0].Kind != stack.TaskContinue || job.Phase != stack.PhaseCheck):
				t.Fatalf("%+v in phase %s", tasks, job.Phase)
			case n == 3 && (len(tasks) != 2 || tasks[1].Kind != stack.TaskComplete || job.Phase != stack.PhaseStopped ||
				!strings.Contains(job.Cause, "phase check does not get past entry 0") || !strings.Contains(job.Cause, "DecoderMemory")):
				t.Fatalf("%+v in phase %s: %s", tasks, job.Phase, job.Cause)
			}
		}
	})
}

// A second pass that does not see what the first one saw must not end normally.
func TestSecondPassWithOtherTotalsStopsTheImport(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{
		"fewer entries":  `{"ready":true,"sha256":"00","check":{"entries":29}}`,
		"more entries":   `{"ready":true,"sha256":"00","check":{"entries":31}}`,
		"other verdicts": `{"ready":true,"sha256":"00","check":{"entries":30,"rejected":{"expired":1}}}`,
	} {
		w, m := newWorld(), generated(t, "espressif", 30, 0)
		p := &process{world: w}
		h := p.handler(config())
		h.every = 8
		id, err := h.startJob(t.Context(), must(parseEvent(m.put(w)))[0].Upload)
		if err != nil {
			t.Fatal(err)
		}
		job := w.jobs[id]
		job.Phase, job.Progress = stack.PhaseSend, []byte(first)
		w.jobs[id], w.imports[id] = job, ledger.Import{ID: id, Manifests: []ledger.Manifest{{Entries: 30}}}
		if err := h.handleMessage(t.Context(), taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: id})); err != nil {
			t.Fatal(err)
		}
		job = w.jobs[id]
		if job.Phase != stack.PhaseStopped || !strings.Contains(job.Cause, "the second pass read") || len(w.devices) >= 30 {
			t.Errorf("%s: phase %s: %s; %d devices sent", name, job.Phase, job.Cause, len(w.devices))
		}
	}
}

// An invocation that lost the lease leaves the job to the new owner.
func TestLostLeaseEndsTheWorkWithoutHarm(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "espressif", 30, 0)
	p := &process{world: w}
	saves := 0
	p.fault = func(op string, after bool) error {
		if op == "Save" && !after {
			if saves++; saves == 4 {
				for id, job := range w.jobs {
					job.Generation++
					w.jobs[id] = job
					w.leases[id] = stack.Lease{Import: id, Owner: "other", Generation: job.Generation, Until: time.Now().Add(time.Hour)}
				}
			}
		}
		return nil
	}
	h := p.handler(config())
	h.every = 8
	if err := h.handleMessage(t.Context(), m.put(w)); err != nil {
		t.Fatal(err)
	}
	id, job := only(t, w)
	tasks, delays := w.sent(t)
	if saves != 4 || job.Phase != stack.PhaseCheck || len(tasks) != 1 || tasks[0].Kind != stack.TaskContinue || delays[0] == 0 ||
		w.leases[id].Owner != "other" || job.Cause != "" {
		t.Errorf("%d saves; phase %s (%s), tasks %+v after %v, lease %+v", saves, job.Phase, job.Cause, tasks, delays, w.leases[id])
	}
}

func TestCompletionIsAskedForAndAskedAgainAfterAnError(t *testing.T) {
	t.Parallel()
	w := newWorld()
	p := &process{world: w}
	h := p.handler(config())
	task := stack.Task{Kind: stack.TaskComplete, Import: "i"}
	if err := h.handleMessage(t.Context(), taskBody(t, task)); err != nil || len(w.inbox) > 0 {
		t.Errorf("%v %v", w.inbox, err)
	}
	if diff := cmp.Diff([]stack.Task{task}, w.tasks); diff != "" {
		t.Error(diff)
	}
	p.fault = func(op string, _ bool) error {
		if op == "Complete" {
			return errors.New("no answer")
		}
		return nil
	}
	if err := h.handleMessage(t.Context(), taskBody(t, task)); err != nil {
		t.Error(err)
	}
	task.Attempt = mostFaults
	if err := h.handleMessage(t.Context(), taskBody(t, task)); err == nil {
		t.Error("it is asked for for ever")
	}
	task.Attempt = 1
	tasks, delays := w.sent(t)
	if diff := cmp.Diff([]stack.Task{task}, tasks); diff != "" || delays[0] == 0 {
		t.Errorf("after %v: %s", delays, diff)
	}
}

func TestMemoryIsBoundedByWhatLambdaGives(t *testing.T) { //nolint:paralleltest // sets the process's limit
	for size, want := range map[string]int64{"": 0, "x": 0, "-1": 0, "256": 208 << 20, "128": 80 << 20, "64": 64 << 20, "1769": 1721 << 20} {
		got := BoundMemory(func(name string) (string, bool) {
			return size, name == "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
		})
		if got != want {
			t.Errorf("%q MB: %d, want %d", size, got, want)
		}
	}
	if got := BoundMemory(func(string) (string, bool) { return "256", true }); got != 0 {
		t.Errorf("GOMEMLIMIT is overruled by %d", got)
	}
}
