package stack_test

import (
	"slices"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/lifecycle"
)

func TestJobsMoveAsThePageOfLifecyclesSays(t *testing.T) {
	t.Parallel()
	phases := []string{"", stack.PhaseHash, stack.PhaseCheck, stack.PhaseSend, stack.PhaseSent, stack.PhaseStopped, stack.PhaseDone}
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
