package engine

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/ledger"
)

// leadLeast and leadMost bound how many devices are marked ahead of their first call.
const (
	leadLeast = 16
	leadMost  = 256
	// leadTime is how long ahead.
	leadTime = time.Second
)

// markAhead yields tasks after it marked them durably as in flight: in groups,
// ahead of the calls, so that the disk holds up none of them; but not far
// ahead, because what others register after a mark could be taken for ours.
// Ceiling is the devices per second that calls can keep up with. If the journal
// fails the session is halted.
func markAhead(
	s *session, tasks iter.Seq2[*task, error], journal ledger.Journal, now func() time.Time, ceiling func() float64,
) iter.Seq[*task] {
	return func(yield func(*task) bool) {
		read, wait := readAhead(s, tasks)
		defer wait()
		marked := make(chan []*task)
		var marking sync.WaitGroup
		defer marking.Wait()
		marking.Go(func() {
			defer close(marked)
			for first := range read {
				group := takeGroup(first, read, ceiling())
				if s.begin.Err() != nil {
					return
				}
				if err := markGroup(s.begin, journal, group, now()); err != nil {
					s.halt(&call.StopError{Code: call.StopLedger, Cause: err})
					return
				}
				select {
				case marked <- group:
				case <-s.begin.Done():
					return
				}
			}
		})
		for group := range marked {
			for _, t := range group {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// readAhead reads tasks in a goroutine of its own, some of them ahead. If they
// end with an error the session is halted. Wait returns when nothing is read
// any more; the tasks must have been received, or the session have ended.
func readAhead(s *session, tasks iter.Seq2[*task, error]) (ahead <-chan *task, wait func()) {
	read := make(chan *task, leadMost)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(read)
		for t, err := range tasks {
			if err != nil {
				s.halt(&call.StopError{Code: call.StopChanged, Cause: err})
				return
			}
			select {
			case read <- t:
			case <-s.begin.Done():
				return
			}
		}
	})
	return read, reading.Wait
}

// received yields what comes out of a channel of [readAhead].
func received(ahead <-chan *task, wait func()) iter.Seq[*task] {
	return func(yield func(*task) bool) {
		defer wait()
		for t := range ahead {
			if !yield(t) {
				return
			}
		}
	}
}

// takeGroup takes what is there, up to a second's worth of devices.
func takeGroup(first *task, read <-chan *task, ceiling float64) []*task {
	most := leadMost
	if !math.IsInf(ceiling, 1) {
		most = int(min(max(ceiling*leadTime.Seconds(), leadLeast), leadMost))
	}
	group := append(make([]*task, 0, most), first)
	for len(group) < most {
		select {
		case t, ok := <-read:
			if !ok {
				return group
			}
			group = append(group, t)
		default:
			return group
		}
	}
	return group
}

func markGroup(ctx context.Context, journal ledger.Journal, group []*task, at time.Time) error {
	marks := make([]ledger.Mark, len(group))
	for i, t := range group {
		marks[i] = ledger.Mark{Place: t.place, CertificateID: t.device.CertificateID, ThingName: t.device.ThingName, At: at}
	}
	return journal.Mark(context.WithoutCancel(ctx), marks)
}
