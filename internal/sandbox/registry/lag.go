package registry

import (
	"slices"
	"sort"
)

// lag makes lists show an earlier state. It remembers the last change at each time, for as long
// as lists lag behind.
type lag struct {
	by     int64 // milliseconds; 0 is off
	stamps []stamp
}

// set changes the lag. What exists at that time is visible.
func (l *lag) set(by int64, seq uint64) {
	l.by = by
	l.stamps = []stamp{{seq: seq}}
}

// note records a change. It must be called in the order of changes.
func (l *lag) note(s stamp) {
	if l.by == 0 {
		return
	}
	if last := &l.stamps[len(l.stamps)-1]; last.at == s.at {
		last.seq = s.seq
	} else {
		l.stamps = append(l.stamps, s)
	}
	// Only the newest of the stamps that are old enough to be visible is needed.
	if n := l.visible(s.at - l.by); n > len(l.stamps)/2 {
		l.stamps = slices.Clone(l.stamps[n:])
	}
}

// visible returns the index of the last stamp that is not after a time.
func (l *lag) visible(at int64) int {
	n := sort.Search(len(l.stamps), func(i int) bool { return l.stamps[i].at > at })
	return max(n-1, 0)
}

func (l *lag) view(now int64) view {
	if l.by == 0 {
		return present
	}
	return view{upTo: l.stamps[l.visible(now-l.by)].seq, since: now - l.by}
}

// drop removes an item from a series, and keeps it visible for the lag.
func drop[T comparable](l *lag, s *series[T], seq uint64, at int64) {
	s.remove(seq, at, l.by > 0)
	if l.by > 0 {
		s.forget(at - l.by)
	}
}

// stillAttached reports whether something is attached for a deletion, which notices that it was detached
// as late as the lists do: AWS IoT documents that detaching takes some seconds.
func stillAttached[T comparable](st *State, s *series[T]) bool {
	if s.len() > 0 {
		return true
	}
	for range s.all(st.lagging(), page{}) {
		return true
	}
	return false
}
