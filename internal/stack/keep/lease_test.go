package keep

import (
	"context"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
)

// released calls a function before each lease is given back.
type released struct {
	stack.Leases
	before func(ctx context.Context, l stack.Lease)
}

func (r released) Release(ctx context.Context, l stack.Lease) error {
	r.before(ctx, l)
	return r.Leases.Release(ctx, l)
}

// A message that was delivered twice may end the command right after the lease is given back. A cause that came later
// would stay, as if the command had not reached its end.
func causeIsToldUnderLease(t *testing.T, w *world) {
	id := w.imported(t, "fault", 3)
	arn, _ := w.arnOf(t, w.names()[0])
	if err := w.client.AWS().Removals.DetachPolicy(t.Context(), "connect", arn); err != nil {
		t.Fatal(err)
	}
	w.objects.fail = 1 // it has the list of one difference
	w.give(t, stack.Command{Verb: stack.VerbVerify, Of: []string{id}})
	k, cause := w.instance(t, 20), ""
	k.Leases = released{k.Leases, func(ctx context.Context, l stack.Lease) {
		job, err := w.ledger.Get(ctx, l.Import)
		if err != nil {
			t.Error(err)
		}
		cause = job.Cause
	}}
	if failed := k.Handle(t.Context(), target, w.queue.take()); len(failed) > 0 || cause == "" {
		t.Errorf("%v, the lease was given back with the cause %q", failed, cause)
	}
}
