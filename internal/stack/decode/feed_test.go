package decode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// A line is a stack in which time passes in seconds: messages of the manifests queue
// arrive when they are due, and importers take so many devices a second, in the order in
// which they were sent.
type line struct {
	t       *testing.T
	w       *world
	h       *Handler
	rate    int
	waiting []queued
	// What was seen.
	most    map[string]int           // devices in flight, by import
	oldest  time.Duration            // when a device was imported
	ended   map[string]time.Duration // when the last device of an import had its outcome
	idle    int                      // seconds in which the importers had nothing to do, while entries were pending
	handled int                      // messages of the manifests queue
	began   time.Time
	outcome func(d stack.DeviceMessage) ledger.Outcome
}

func newFedLine(t *testing.T, inFlight, rate int) *line {
	t.Helper()
	c := config()
	c.InFlight = inFlight
	w := newWorld()
	w.applied = map[string]float64{"L-4671C7C8": float64(rate)}
	h := (&process{world: w}).handler(c)
	h.every = 10
	return &line{
		t: t, w: w, h: h, rate: rate, began: time.Now(), most: map[string]int{}, ended: map[string]time.Duration{},
		outcome: func(stack.DeviceMessage) ledger.Outcome { return ledger.Imported },
	}
}

// put uploads a manifest under a key, and returns its import.
func (l *line) put(key string, m made) string {
	l.t.Helper()
	l.w.objects[m.vendor+"/"+key] = m.content
	body := event(record("ObjectCreated:Put", m.vendor,
		fmt.Sprintf(`"key":%q,"size":%d,"eTag":"e1","versionId":"v1","sequencer":"0A"`, key, len(m.content))))
	// S3 may send an event twice.
	l.waiting = append(l.waiting, queued{body, time.Now()}, queued{body, time.Now()})
	id, err := l.h.startJob(l.t.Context(), must(parseEvent(body))[0].Upload)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// order gives an order like an operator.
func (l *line) order(id, kind string) {
	l.t.Helper()
	p := &process{world: l.w}
	if _, err := p.SetOrder(l.t.Context(), id, stack.Order{Kind: kind, By: "ana", At: time.Now()}); err != nil {
		l.t.Fatal(err)
	}
	l.waiting = append(l.waiting, queued{taskBody(l.t, stack.Task{Kind: stack.TaskContinue, Import: id}), time.Now()})
}

// complete does to a job what completion does.
func (l *line) complete(id string) {
	job := l.w.jobs[id]
	job.Phase = stack.PhaseDone
	l.w.jobs[id] = job
}

// second lets a second pass.
func (l *line) second() {
	l.t.Helper()
	due := l.waiting
	l.waiting = nil
	for _, m := range due {
		if m.visible.After(time.Now()) {
			l.waiting = append(l.waiting, m)
			continue
		}
		l.handled++
		if err := l.h.handleMessage(l.t.Context(), m.body); err != nil {
			l.t.Fatal(err)
		}
	}
	for _, m := range l.w.inbox {
		l.waiting = append(l.waiting, queued{m.Body, time.Now().Add(m.Delay)})
	}
	l.w.inbox = nil
	inFlight := map[string]int{}
	for _, d := range l.w.devices {
		inFlight[d.Import]++
		l.most[d.Import] = max(l.most[d.Import], inFlight[d.Import])
	}
	time.Sleep(time.Second)
	l.importDevices()
}

// importDevices imports the devices of a second.
func (l *line) importDevices() {
	pending := 0
	for id, job := range l.w.jobs {
		if _, begun := l.w.imports[id]; begun && !job.Ended() && job.Order.Kind == "" {
			pending += l.w.counts(id).Pending()
		}
	}
	if len(l.w.devices) < min(l.rate, pending) {
		l.idle++
	}
	n := min(l.rate, len(l.w.devices))
	for _, d := range l.w.devices[:n] {
		if job := l.w.jobs[d.Import]; job.Held() {
			continue
		}
		if r, ok := l.w.records[d.Import][d.Entry]; ok && r.Outcome != ledger.Failed {
			continue
		}
		l.oldest = max(l.oldest, time.Since(d.First))
		l.w.records[d.Import][d.Entry] = ledger.Record{Place: ledger.Place{Entry: d.Entry}, Outcome: l.outcome(d), At: time.Now()}
		if l.w.counts(d.Import).Pending() == 0 {
			l.ended[d.Import] = time.Since(l.began)
		}
	}
	l.w.devices = l.w.devices[n:]
}

// run lets time pass until an import has an outcome for each entry.
func (l *line) run(id string) {
	l.t.Helper()
	for n := 0; ; n++ {
		if _, begun := l.w.imports[id]; begun && l.w.counts(id).Pending() == 0 && l.w.jobs[id].Phase != stack.PhaseSend {
			return
		}
		if n == 10_000 {
			l.t.Fatalf("import %s does not end: %+v, %+v", id, l.w.jobs[id], l.w.counts(id))
		}
		l.second()
	}
}

// A queue forgets messages after some days. An import may take longer than that.
func TestADeviceIsNotInTheQueueForAsLongAsItsImportTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 60, 2), generated(t, "espressif", 600, 0.1)
		id := l.put("reel.csv", m)
		l.run(id)
		took, devices := l.ended[id], l.w.counts(id).Imported
		t.Logf("took %s; a device at most %s; %d in flight; %d messages; idle for %d s", took, l.oldest, l.most[id], l.handled, l.idle)
		if l.most[id] > 60 || l.oldest > 45*time.Second || took < 4*time.Minute {
			t.Errorf("%d devices are in flight, for up to %s, of an import that takes %s", l.most[id], l.oldest, took)
		}
		if seconds := devices/2 + 3; took > time.Duration(seconds)*time.Second || l.idle > 2 {
			t.Errorf("it takes %s for %d devices, and the importers have nothing to do for %d s", took, devices, l.idle)
		}
		if l.handled > 40 {
			t.Errorf("the decoder is invoked %d times", l.handled)
		}
		if job := l.w.jobs[id]; job.Phase != stack.PhaseSent || len(l.w.early) > 0 {
			t.Errorf("%+v, %v", job, l.w.early)
		}
	})
}

// A reel must not wait for a manifest that was there before and takes days.
func TestASmallImportDoesNotWaitForALargeOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newFedLine(t, 60, 4)
		large := l.put("large.csv", generated(t, "espressif", 1500, 0))
		for range 60 {
			l.second()
		}
		reel := l.put("reel.csv", generated(t, "generated", 20, 0))
		if reel == large {
			t.Fatal("one import")
		}
		put := time.Since(l.began)
		l.run(reel)
		if waited := l.ended[reel] - put; waited > 25*time.Second { // 60 of the other, then 20
			t.Errorf("20 devices take %s", waited)
		}
		l.run(large)
		if l.ended[large] > 390*time.Second || l.idle > 2 {
			t.Errorf("1520 devices take %s, at 4 a second", l.ended[large])
		}
	})
}

func TestAPausedImportGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 30, 2), generated(t, "espressif", 200, 0.1)
		id := l.put("reel.csv", m)
		for range 30 {
			l.second()
		}
		l.order(id, stack.OrderPause)
		for range 30 {
			l.second()
		}
		paused := l.w.counts(id)
		for range 600 {
			l.second()
		}
		if now := l.w.counts(id); now != paused || now.Pending() < 50 || len(l.w.devices) > 0 || len(l.waiting) > 0 || len(l.w.leases) > 0 {
			t.Fatalf("paused: %+v, ten minutes later %+v; %d devices and %d messages wait", paused, now, len(l.w.devices), len(l.waiting))
		}
		l.order(id, stack.OrderResume)
		l.run(id)
		if job := l.w.jobs[id]; job.Order != (stack.Order{}) || job.Phase != stack.PhaseSent || l.most[id] > 30 {
			t.Errorf("%+v, %d in flight", job, l.most[id])
		}
		if counts := l.w.counts(id); counts.Imported+counts.Rejected != m.entries || counts.Rejected == 0 {
			t.Errorf("%+v", counts)
		}
	})
}

// The messages of a purged queue are nowhere. The sweep orders what is done here.
func TestDevicesOfAPurgedQueueAreSentAgain(t *testing.T) {
	t.Parallel()
	for _, at := range []int{20, 115} { // while it is fed, and after it was sent
		synctest.Test(t, func(t *testing.T) {
			l, m := newFedLine(t, 60, 2), generated(t, "espressif", 240, 0)
			id := l.put("reel.csv", m)
			for range at {
				l.second()
			}
			l.w.devices = nil
			for range 600 {
				l.second()
			}
			before := l.w.counts(id)
			if before.Pending() == 0 {
				t.Fatal("nothing was lost")
			}
			l.order(id, stack.OrderResend)
			l.run(id)
			if counts := l.w.counts(id); counts.Imported != m.entries || l.w.jobs[id].Phase != stack.PhaseSent {
				t.Errorf("%+v, %+v", counts, l.w.jobs[id])
			}
		})
	}
}

func TestACancelledImportStopsAndCanBeRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 30, 2), generated(t, "espressif", 200, 0.1)
		id := l.put("reel.csv", m)
		for range 30 {
			l.second()
		}
		l.order(id, stack.OrderCancel)
		for range 60 {
			l.second()
		}
		job, counts := l.w.jobs[id], l.w.counts(id)
		if job.Phase != stack.PhaseStopped || !strings.HasPrefix(job.Cause, "cancelled by ana at 2000-01-01T") || counts.Pending() < 100 ||
			len(l.w.devices) > 0 {
			t.Fatalf("%+v, %+v, %d devices wait", job, counts, len(l.w.devices))
		}
		if len(l.w.tasks) == 0 || l.w.tasks[0] != (stack.Task{Kind: stack.TaskComplete, Import: id}) {
			t.Errorf("%+v", l.w.tasks)
		}
		l.complete(id)
		l.order(id, stack.OrderRetry)
		l.run(id)
		if job, counts := l.w.jobs[id], l.w.counts(id); job.Cause != "" || counts.Imported+counts.Rejected != m.entries {
			t.Errorf("%+v, %+v", job, counts)
		}
	})
}

func TestARetryTriesAgainWhatFailedBeforeAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 30, 2), generated(t, "espressif", 100, 0.1)
		l.outcome = func(d stack.DeviceMessage) ledger.Outcome {
			if d.Entry%3 == 0 {
				return ledger.Failed
			}
			return ledger.Imported
		}
		id := l.put("reel.csv", m)
		l.run(id)
		failed := l.w.counts(id).Failed
		l.complete(id)
		time.Sleep(time.Second)
		l.order(id, stack.OrderRetry)
		if failed == 0 || l.w.counts(id).Failed != failed {
			t.Fatalf("%d failed", failed)
		}
		tried := map[int]bool{}
		l.outcome = func(d stack.DeviceMessage) ledger.Outcome {
			tried[d.Entry] = true
			if len(tried) == 1 {
				return ledger.Failed
			}
			return ledger.Unchanged
		}
		for range 60 {
			l.second()
		}
		counts := l.w.counts(id)
		if counts.Pending() != 0 || counts.Failed != 1 || counts.Unchanged != failed-1 || len(tried) != failed ||
			l.w.jobs[id].Phase != stack.PhaseSent {
			t.Errorf("%+v after %d failed; %d were tried again; %+v", counts, failed, len(tried), l.w.jobs[id])
		}
	})
}

// What stopped the import may have been a parameter of the stack.
func TestARetryOfAnImportThatNeverBeganTakesThePresentSettings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 30, 2), generated(t, "espressif", 20, 0)
		l.w.parameters["IoTPolicies"] = "absent"
		id := l.put("reel.csv", m)
		l.second()
		if job := l.w.jobs[id]; job.Phase != stack.PhaseStopped || l.w.imports[id].Manifests[0].Entries != 0 {
			t.Fatalf("%+v, %+v", job, l.w.imports[id])
		}
		l.w.parameters["IoTPolicies"] = "sensors"
		l.order(id, stack.OrderRetry)
		l.second()
		l.run(id)
		job, i := l.w.jobs[id], l.w.imports[id]
		if l.w.counts(id).Imported != 20 || i.Settings != job.Settings || !strings.Contains(i.Settings, "sensors") || job.Cause != "" {
			t.Errorf("%+v, %+v", job, i)
		}
	})
}

// Each invocation that crashes may leave a message that was never received before.
func TestAManifestThatCrashesTheDecoderIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, m := newWorld(), generated(t, "espressif", 30, 0)
		body := m.put(w)
		reads := 0
		for n := 1; n <= 4; n++ {
			p := &process{world: w}
			p.fault = func(op string, _ bool) error {
				if op == "GetObject" {
					reads++
					return errKilled
				}
				return nil
			}
			_ = p.handler(config()).handleMessage(t.Context(), body)
			id, _ := only(t, w)
			body = taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: id})
			w.inbox = nil
			time.Sleep(leaseWithoutDeadline + leaseSlack)
		}
		_, job := only(t, w)
		if reads != 3 || job.Phase != stack.PhaseStopped || !strings.Contains(job.Cause, "3 invocations in a row were killed") {
			t.Errorf("the object was read %d times; %+v", reads, job)
		}
	})
}

// A state that an earlier version left has none of the new fields.
func TestAJobOfTheVersionBeforeIsFedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, m := newFedLine(t, 60, 2), generated(t, "espressif", 100, 0)
		id := l.put("reel.csv", m)
		l.second()
		job := l.w.jobs[id]
		p, err := readProgress(job.Progress)
		if err != nil || p.Send.Entries == 0 || p.Send.Entries == 100 {
			t.Fatalf("%+v, %v", p, err)
		}
		p = progress{Ready: true, Hashed: p.Hashed, SHA256: p.SHA256, Check: p.Check, Send: p.Send}
		job.Sent, job.Progress = 0, must(json.Marshal(p))
		l.w.jobs[id], l.waiting = job, nil
		l.waiting = append(l.waiting, queued{taskBody(t, stack.Task{Kind: stack.TaskContinue, Import: id}), time.Now()})
		l.run(id)
		if l.most[id] > 60 || l.w.counts(id).Imported != 100 {
			t.Errorf("%d in flight, %+v", l.most[id], l.w.counts(id))
		}
	})
}
