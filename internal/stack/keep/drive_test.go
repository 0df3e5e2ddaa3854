package keep

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/stack"
)

// drive lets functions work on a command until it has ended, and returns its job. Each invocation has little time, and
// some are killed, though no two in a row; every message is delivered twice. The time grows, because a busy machine may
// need more for any progress. Nobody waits for the end of a killed function's lease.
func (w *world) drive(t *testing.T, id string, limit time.Duration, kills int) stack.Job {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for killed := false; ; limit += limit / 4 {
		job, err := w.ledger.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		messages := w.queue.take()
		if job.Ended() && len(messages) == 0 {
			return job
		}
		if len(messages) == 0 {
			t.Fatalf("no message continues it: %+v\n%s", job, w.log.String())
		}
		messages = messages[:min(len(messages), 2)] // all of them have the same task
		for _, m := range append(messages, messages...) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			if killed = kills > 0 && !killed && random.IntN(2) == 0; killed {
				kills--
				timer := time.AfterFunc(time.Duration(random.Int64N(int64(limit))), cancel)
				w.instance(t, 20).Handle(ctx, target, []stack.Delivery{m})
				timer.Stop()
				w.expire(t, id)
				w.tell(t, id) // SQS delivers the message again
			} else if failed := w.instance(t, 20).Handle(ctx, target, []stack.Delivery{m}); len(failed) > 0 {
				w.tell(t, id)
			}
			cancel()
		}
	}
}

// expire ends the lease of a command.
func (w *world) expire(t *testing.T, id string) {
	t.Helper()
	lease, err := w.later.Lease(t.Context(), id, "test", time.Now())
	if err == nil {
		err = w.later.Release(t.Context(), lease)
	}
	if err != nil {
		t.Fatal(err)
	}
}
