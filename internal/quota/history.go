package quota

import "time"

const (
	slotTime = 50 * time.Millisecond
	slots    = 320 // 16 s
)

// history counts answers by the time at which their calls were sent. Times are relative to an
// origin, so that setting the clock does not move slots.
type history struct {
	origin time.Time
	slot   [slots]struct {
		number                int64
		took, refused, waited int32
	}
}

// number returns the slot of a time. Numbers start at 1, since 0 is an empty slot.
func (h *history) number(t time.Time) int64 { return 1 + int64(max(t.Sub(h.origin), 0)/slotTime) }

// add counts answers to a call. It ignores calls that were sent too long ago to matter.
func (h *history) add(t Ticket, now time.Time, took, refused int32) {
	n := h.number(t.sent)
	if n <= h.number(now)-slots {
		return
	}
	s := &h.slot[n%slots]
	if s.number != n {
		if s.number > n {
			return
		}
		s.number, s.took, s.refused, s.waited = n, 0, 0, 0
	}
	s.took += took
	s.refused += refused
	if t.waited {
		s.waited++
	}
}

// sum returns the answers to calls that were sent between two times.
func (h *history) sum(from, to time.Time) (took, refused, waited int) {
	first, last := h.number(from), h.number(to)
	first = max(first, last-slots+1)
	for n := first; n <= last; n++ {
		if s := &h.slot[n%slots]; s.number == n {
			took += int(s.took)
			refused += int(s.refused)
			waited += int(s.waited)
		}
	}
	return took, refused, waited
}
