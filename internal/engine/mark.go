package engine

import (
	"context"
	"errors"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/ledger"
)

// leadLeast and leadMost limit how many devices are marked ahead of their first call.
const (
	leadLeast = 16
	leadMost  = 256
	// leadTime is how far ahead of its first call a device is marked.
	leadTime = time.Second
)

// markAhead marks tasks durably as in flight and then yields them. It marks them
// in groups and ahead of the calls, so that no call waits for the disk. It does
// not mark far ahead: what somebody else registers after the mark could be
// mistaken for ours. Ceiling returns how many devices per second the calls can
// keep up with. If the journal fails, markAhead halts the session.
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

// readAhead reads tasks in a goroutine of its own. If they end with an error it
// halts the session. Wait returns after that goroutine has ended; before it is
// called, all tasks must have been received or the session must have ended.
func readAhead(s *session, tasks iter.Seq2[*task, error]) (ahead <-chan *task, wait func()) {
	read := make(chan *task, leadMost)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(read)
		for t, err := range tasks {
			if err != nil {
				var stop *call.StopError
				if !errors.As(err, &stop) {
					stop = &call.StopError{Code: call.StopChanged, Cause: err}
				}
				s.halt(stop)
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

// received yields the tasks of [readAhead].
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

// takeGroup returns first and the tasks that are ready, up to a second's worth of devices.
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
		own, err := rowText(t)
		if err != nil {
			return err
		}
		marks[i] = ledger.Mark{
			Place: t.place, CertificateID: t.device.CertificateID, ThingName: t.device.ThingName, At: at, Settings: own,
		}
	}
	return journal.Mark(context.WithoutCancel(ctx), marks)
}
