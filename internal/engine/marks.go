package engine

import (
	"context"
	"math"

	"github.com/thingpress/thingpress/internal/ledger"
)

// mark durably marks devices as in flight before they are sent on to their
// first call: in groups, ahead of the calls, so that the disk holds up none of
// them; but not far ahead, because what others register after a mark could be
// taken for ours.
func (r *run) mark(tasks <-chan *task, marked chan<- []*task) {
	defer close(marked)
	for first := range tasks {
		batch := r.collect(first, tasks)
		if r.begin.Err() != nil {
			return
		}
		at := r.AWS.Now()
		marks := make([]ledger.Mark, len(batch))
		for i, t := range batch {
			marks[i] = t.mark(at)
		}
		if err := r.Journal.Mark(context.WithoutCancel(r.begin), marks); err != nil {
			r.halt(&StopError{Cause: err, Hint: "see that the ledger can be written, and run the same command again"})
			return
		}
		select {
		case marked <- batch:
		case <-r.begin.Done():
			return
		}
	}
}

// collect takes what is there, up to a second's worth of devices.
func (r *run) collect(first *task, tasks <-chan *task) []*task {
	most := leadMost
	if ceiling, _ := r.ceiling(); !math.IsInf(ceiling, 1) {
		most = int(min(max(ceiling*leadTime.Seconds(), leadLeast), leadMost))
	}
	batch := append(make([]*task, 0, most), first)
	for len(batch) < most {
		select {
		case t, ok := <-tasks:
			if !ok {
				return batch
			}
			batch = append(batch, t)
		default:
			return batch
		}
	}
	return batch
}
