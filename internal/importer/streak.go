package importer

import (
	"fmt"
)

// A streak holds back equal refusals in a row. Broken by anything else they
// are failures of their devices; twenty of them are a fault of the import,
// which stops, and the devices stay pending.
type streak struct {
	held []entryRecord
	over bool
}

// take returns what may be recorded now.
func (s *streak) take(e entryRecord) []entryRecord {
	if s.over {
		if e.refused && e.record.Reason == s.held[0].record.Reason {
			return nil // as pending as those before it
		}
		return []entryRecord{e}
	}
	if e.refused && (len(s.held) == 0 || s.held[0].record.Reason == e.record.Reason) {
		s.held = append(s.held, e)
		s.over = len(s.held) >= equalRefused
		return nil
	}
	free := s.held
	if s.held = nil; e.refused {
		s.held = []entryRecord{e}
		return free
	}
	return append(free, e)
}

// end returns what was held back when nothing more comes.
func (s *streak) end() []entryRecord {
	if s.over {
		return nil
	}
	return s.held
}

func (s *streak) isLong() bool { return s.over }

func (s *streak) stop() *StopError {
	return &StopError{
		Cause: fmt.Errorf("%d devices in a row were refused alike, the last one with: %s", len(s.held), s.held[len(s.held)-1].record.Detail),
		Hint:  "what AWS refuses of every device is rarely the devices' fault: " + todo(s.held[0].record.Reason),
	}
}
