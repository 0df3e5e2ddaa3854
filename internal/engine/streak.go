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
	order   int  // in which devices were begun; -1 for an entry that never reached AWS
	refused bool // AWS refused the device
	silent  bool // the device has no outcome
}

// A streak holds back equal refusals in a row. If another outcome breaks the row
// they are failures of their devices. Twenty in a row are a fault of the import:
// it stops, and the devices stay pending.
//
// A row is counted in the order in which devices were begun. Refused devices end
// sooner than others, so the order in which they end would show false rows.
type streak struct {
	next int             // order of the device that has not ended yet
	done map[int]doneRun // later devices that have ended
	held []entryRecord
	over bool
}

// doneRun is a device that ended.
type doneRun struct {
	refused *entryRecord
	// silent devices ended together with the import; they neither extend nor break a row.
	silent bool
}

// equalRefused is how many equal refusals in a row are a fault of the import.
const equalRefused = 20

// patience is how many later devices may end before the streak stops waiting
// for a device.
const patience = 4096

// release adds a record and returns those that may be recorded now.
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

// line adds the next device in order and returns the records that it releases.
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

// releaseHeld returns the records that are still held back when nothing more is to come.
func (s *streak) releaseHeld() []entryRecord {
	if s.over {
		return nil // they stay pending, like the row itself
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
