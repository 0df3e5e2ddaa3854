package jobtable_test

import (
	"errors"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// A checkpoint that the decoder saves at the same time must not undo an order.
func ordersOutliveCheckpoints(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	job := start(t, l, "i", upload)
	lease, err := l.Lease(t.Context(), "i", "decoder", time.Now().Add(time.Hour))
	check(t, err)
	pause := stack.Order{Kind: stack.OrderPause, By: "arn:aws:iam::123456789012:user/ana", At: dynamodbtest.Began}
	ordered, err := l.SetOrder(t.Context(), "i", pause)
	check(t, err)
	same(t, ordered.Order, pause)
	seen := stack.Observed{At: dynamodbtest.Began, Moved: dynamodbtest.Began, Settled: 7, InFlight: 3, Place: "send 10", Rate: 1.5}
	check(t, l.Observe(t.Context(), "i", seen))

	job.Phase, job.Retried = stack.PhaseSend, dynamodbtest.Began
	check(t, l.Save(t.Context(), lease, job))
	got, err := l.Get(t.Context(), "i")
	check(t, err)
	same(t, []any{got.Order, got.Observed, got.Phase, got.Retried}, []any{pause, seen, stack.PhaseSend, dynamodbtest.Began})

	var refused *stack.OrderError
	_, err = l.SetOrder(t.Context(), "i", stack.Order{Kind: stack.OrderResend})
	if !errors.As(err, &refused) || refused.Standing != stack.OrderPause {
		t.Errorf("a paused import is to be sent again: %v", err)
	}
	resume := stack.Order{Kind: stack.OrderResume, At: dynamodbtest.Began}
	_, err = l.SetOrder(t.Context(), "i", resume)
	check(t, err)
	check(t, l.FinishOrder(t.Context(), "i", pause)) // late
	got, err = l.Get(t.Context(), "i")
	check(t, err)
	same(t, got.Order, resume)
	check(t, l.FinishOrder(t.Context(), "i", resume))
	got, err = l.Get(t.Context(), "i")
	check(t, err)
	same(t, got.Order, stack.Order{})
}

func ordersOfNobody(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	if _, err := l.SetOrder(t.Context(), "i", stack.Order{Kind: stack.OrderPause}); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("SetOrder: %v", err)
	}
	check(t, l.FinishOrder(t.Context(), "i", stack.Order{Kind: stack.OrderPause}))
	check(t, l.Observe(t.Context(), "i", stack.Observed{}))
	same(t, len(x.Items(t, "")), 0)
}
