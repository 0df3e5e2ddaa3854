package stack_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/lifecycle"
)

func TestJobsMoveAsThePageOfLifecyclesSays(t *testing.T) {
	t.Parallel()
	phases := []string{
		"", stack.PhaseHash, stack.PhaseCheck, stack.PhaseSend, stack.PhaseSent, stack.PhaseStopped, stack.PhaseDone, stack.PhaseWork,
	}
	lifecycle.Compare(t, "A job of the stack", phases, stack.NextPhases)
	for _, from := range phases {
		for _, to := range phases {
			job := stack.Job{Phase: from}
			want, may := from, slices.Contains(stack.NextPhases(from), to)
			if may {
				want = to
			}
			if err := job.Move(to); (err == nil) != may || job.Phase != want {
				t.Errorf("a job in phase %q that should move to %q is in phase %q: %v", from, to, job.Phase, err)
			}
		}
	}
}

func TestOrdersReplaceEachOtherAsThePageOfLifecyclesSays(t *testing.T) {
	t.Parallel()
	orders := []string{"", stack.OrderPause, stack.OrderCancel, stack.OrderResume, stack.OrderRetry, stack.OrderResend}
	lifecycle.Compare(t, "An order", orders, stack.NextOrders)
}

// An order that makes no sense must not stay on a job until it does.
func TestAnOrderFitsTheStateOfTheImport(t *testing.T) {
	t.Parallel()
	open := []string{stack.PhaseHash, stack.PhaseCheck, stack.PhaseSend, stack.PhaseSent, stack.PhaseWork}
	ended := []string{stack.PhaseStopped, stack.PhaseDone}
	for _, c := range []struct {
		kind, standing string
		phases         []string // in which it is accepted
		otherwise      string
	}{
		{stack.OrderPause, "", open, "it has ended"},
		{stack.OrderCancel, "", open, "it has ended"},
		{stack.OrderCancel, stack.OrderPause, append(open, ended...), ""},
		{stack.OrderPause, stack.OrderCancel, nil, "it is cancelled"},
		{stack.OrderResume, "", nil, "it "}, // not paused, or ended
		{stack.OrderResume, stack.OrderPause, open, "it has ended"},
		{stack.OrderRetry, "", ended, "it has not ended"},
		{stack.OrderRetry, stack.OrderCancel, append(open, ended...), ""},
		{stack.OrderRetry, stack.OrderPause, ended, "it is paused"}, // the pause came too late
		{stack.OrderResend, "", []string{stack.PhaseSend, stack.PhaseSent}, "it has ended"},
		{stack.OrderResend, stack.OrderPause, nil, "it is paused"},
	} {
		for _, phase := range append(open, ended...) {
			job := stack.Job{Import: "i", Phase: phase, Order: stack.Order{Kind: c.standing}}
			err := job.CheckOrder(c.kind)
			if accepted := slices.Contains(c.phases, phase); accepted != (err == nil) {
				t.Errorf("%s in phase %s with order %q: %v", c.kind, phase, c.standing, err)
			} else if err != nil && !strings.Contains(err.Error(), c.otherwise) {
				t.Errorf("%s in phase %s with order %q: %v", c.kind, phase, c.standing, err)
			}
		}
	}
}

// Devices of an import that is held are dropped, and its redrive would wait for them forever.
func TestAnOrderThatCameTooLateHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order, phase, cause string
		held                bool
	}{
		{stack.OrderPause, stack.PhaseSent, "", true},
		{stack.OrderPause, stack.PhaseDone, "", false},
		{stack.OrderPause, stack.PhaseStopped, "the object changed", false},
		{stack.OrderCancel, stack.PhaseSent, "", true},
		{stack.OrderCancel, stack.PhaseStopped, "cancelled by ana", true},
		{stack.OrderCancel, stack.PhaseDone, "cancelled by ana", true},
		{stack.OrderCancel, stack.PhaseDone, "", false},
	} {
		job := stack.Job{Phase: c.phase, Cause: c.cause, Order: stack.Order{Kind: c.order}}
		if job.Held() != c.held {
			t.Errorf("%s in phase %s with cause %q: held is %t", c.order, c.phase, c.cause, job.Held())
		}
	}
}
