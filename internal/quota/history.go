package quota

import "time"

const (
	slotTime = 50 * time.Millisecond
	slots    = 320 // 16 s
)

// history counts answers by the time at which their calls were sent. It measures
// time from an origin, so that setting the clock does not move its slots.
type history struct {
	origin time.Time
	slot   [slots]struct {
		number        int64
		took, refused int32
	}
}

// number is the slot of a time. It starts at 1, which tells the first slot from an empty one.
func (h *history) number(t time.Time) int64 { return 1 + int64(max(t.Sub(h.origin), 0)/slotTime) }

// add counts answers to a call sent at that time. It drops calls that were sent too long ago to matter.
func (h *history) add(sent, now time.Time, took, refused int32) {
	n := h.number(sent)
	if n <= h.number(now)-slots {
		return
	}
	s := &h.slot[n%slots]
	if s.number != n {
		if s.number > n {
			return
		}
		s.number, s.took, s.refused = n, 0, 0
	}
	s.took += took
	s.refused += refused
}

// sum counts the answers to calls sent from one time up to another.
func (h *history) sum(from, to time.Time) (took, refused int) {
	first, last := h.number(from), h.number(to)
	first = max(first, last-slots+1)
	for n := first; n <= last; n++ {
		if s := &h.slot[n%slots]; s.number == n {
			took += int(s.took)
			refused += int(s.refused)
		}
	}
	return took, refused
}
