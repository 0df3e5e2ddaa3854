package decode

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// failing is a devices queue that refuses the messages of its nth call.
type failing struct {
	t       *testing.T
	nth     int
	entries map[int]int // how often each was sent
}

func (f *failing) Send(_ context.Context, messages []stack.Message) error {
	if f.nth--; f.nth == 0 {
		return errors.New("the queue is on fire")
	}
	for _, m := range messages {
		d, err := stack.ParseDeviceMessage(m.Body)
		if err != nil {
			f.t.Error(err)
		}
		f.entries[d.Entry]++
	}
	return nil
}

// The ledger that the function has in AWS, in place of the one in memory.
func TestUploadIsDecodedOnTheLedgerInDynamoDB(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	dynamodbtest.CreateTable(t, client, "decoder")
	l := dynamodbtest.OpenDatabase(client, "decoder")
	w, m := newWorld(), generated(t, "espressif", 700, 0.2)
	q := &failing{t: t, nth: 4, entries: map[int]int{}}
	h := (&process{world: w}).handler(config())
	h.Jobs, h.Orders, h.Leases, h.Ledger, h.Reopener, h.Devices, h.every = l, l, l, l, l, q, 100
	body := m.put(w)
	if err := h.handleMessage(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	tasks, _ := w.sent(t)
	if len(tasks) != 1 || tasks[0].Attempt != 1 {
		t.Fatalf("%+v", tasks)
	}
	id := tasks[0].Import
	if job, err := l.Get(t.Context(), id); err != nil || job.Phase != stack.PhaseSend || job.Cause == "" || job.RetryAt.IsZero() {
		t.Fatalf("%+v, %v", job, err)
	}
	for _, message := range []string{taskBody(t, tasks[0]), body, taskBody(t, tasks[0])} {
		if err := h.handleMessage(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	job, err := l.Get(t.Context(), id)
	if err != nil || job.Phase != stack.PhaseSent || job.Cause != "" || !job.RetryAt.IsZero() {
		t.Errorf("%+v, %v", job, err)
	}
	counts, err := l.Counts(t.Context(), id)
	if diff := cmp.Diff(ledger.Counts{Entries: m.entries, Rejected: len(m.rejected)}, counts); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	rejected := map[int]string{}
	for r, err := range l.Records(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		rejected[r.Entry] = r.Reason
	}
	if diff := cmp.Diff(m.rejected, rejected); diff != "" {
		t.Error(diff)
	}
	for entry := range m.entries {
		if _, bad := m.rejected[entry]; bad == (q.entries[entry] > 0) {
			t.Errorf("entry %d was sent %d times", entry, q.entries[entry])
		}
	}
	if len(w.inbox) != 1 {
		t.Errorf("messages %+v", w.inbox)
	}
	if _, err := l.Lease(t.Context(), id, "next", job.Created.AddDate(1, 0, 0)); err != nil {
		t.Errorf("the lease is not free: %v", err)
	}
}
