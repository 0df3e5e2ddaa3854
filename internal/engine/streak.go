package engine

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/ledger"
)

// entryRecord is a record on its way into the ledger.
type entryRecord struct {
	number  int
	record  ledger.Record
	order   int  // in which devices were begun; -1 if none was
	refused bool // AWS refused the device
	silent  bool // the device has no outcome
}

// A streak holds back equal refusals in a row. Broken by anything else they
// are failures of their devices; twenty of them are a fault of the import,
// which stops, and the devices stay pending.
//
// "In a row" goes by the order in which devices were begun: refused devices
// end sooner than others, so that the order of their ends makes rows where
// there are none.
type streak struct {
	next int             // the device whose end is waited for
	done map[int]doneRun // devices after it that ended
	held []entryRecord
	over bool
}

// doneRun is a device that ended.
type doneRun struct {
	refused *entryRecord
	// silent devices ended with the import, and neither make nor break a row.
	silent bool
}

// equalRefused is how many equal refusals in a row are the import's fault.
const equalRefused = 20

// patience is how many devices may end before one that was begun before them;
// then it is not waited for any longer.
const patience = 4096

// release returns what may be recorded now.
func (s *streak) release(e entryRecord) (free []entryRecord) {
	switch {
	case e.order < 0: // never reached AWS
		return []entryRecord{e}
	case e.silent:
		s.end(e.order, doneRun{silent: true})
	case e.refused:
		s.end(e.order, doneRun{refused: &e})
	default:
		free = append(free, e)
		s.end(e.order, doneRun{})
	}
	for {
		d, ok := s.done[s.next]
		if !ok {
			if len(s.done) < patience {
				return free
			}
			d.silent = true
		}
		delete(s.done, s.next)
		s.next++
		free = append(free, s.line(d)...)
	}
}

func (s *streak) end(order int, d doneRun) {
	if s.done == nil {
		s.done = map[int]doneRun{}
	}
	s.done[max(order, s.next)] = d
}

// line adds the next device in order, and returns what it sets free.
func (s *streak) line(d doneRun) (free []entryRecord) {
	if d.silent || s.over {
		return nil
	}
	if d.refused == nil || len(s.held) > 0 && s.held[0].record.Reason != d.refused.record.Reason {
		free, s.held = s.held, nil
	}
	if d.refused != nil {
		s.held = append(s.held, *d.refused)
		s.over = len(s.held) >= equalRefused
	}
	return free
}

// releaseHeld returns what was held back when nothing more comes.
func (s *streak) releaseHeld() []entryRecord {
	if s.over {
		return nil // as pending as the row itself
	}
	rest := s.held
	for _, d := range s.done {
		if d.refused != nil {
			rest = append(rest, *d.refused)
		}
	}
	return rest
}

func (s *streak) stop() *call.StopError {
	last := s.held[len(s.held)-1].record
	return &call.StopError{
		Code: call.StopRefusedAlike, Subject: last.Reason,
		Cause: fmt.Errorf("%d devices in a row were refused alike, the last one with: %s", len(s.held), last.Detail),
	}
}
