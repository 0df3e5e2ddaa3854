package decode

import (
	"testing"
	"testing/synctest"

	"github.com/thingpress/thingpress/internal/stack"
)

// The last devices may have come in before the decoder could carry the order out.
func TestOnlyARetryOpensAnEndedImportAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{stack.OrderResume, stack.OrderResend} {
		synctest.Test(t, func(t *testing.T) {
			l, m := newFedLine(t, 60, 10), generated(t, "espressif", 20, 0)
			id := l.put("reel.csv", m)
			l.run(id)
			if kind == stack.OrderResume {
				l.order(id, stack.OrderPause)
			}
			l.order(id, kind)
			l.complete(id)
			for range 5 {
				l.second()
			}
			if job := l.w.jobs[id]; job.Phase != stack.PhaseDone || job.Order != (stack.Order{}) {
				t.Errorf("%s: %+v", kind, job)
			}
		})
	}
}
