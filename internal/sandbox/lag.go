package sandbox

import "sort"

// lag makes lists show an earlier state: it remembers which change was the last
// at what time, for as long as lists lag behind.
type lag struct {
	by     int64 // milliseconds; 0 is off
	stamps []stamp
}

type stamp struct {
	at  int64
	seq uint64
}

// set switches the lag; what is there at that time is visible.
func (l *lag) set(by int64, seq uint64) {
	l.by = by
	l.stamps = []stamp{{seq: seq}}
}

// note records a change. It is called in the order of changes.
func (l *lag) note(at int64, seq uint64) {
	if l.by == 0 {
		return
	}
	if last := &l.stamps[len(l.stamps)-1]; last.at == at {
		last.seq = seq
	} else {
		l.stamps = append(l.stamps, stamp{at, seq})
	}
	// Of the stamps that are old enough to be visible only the newest is needed.
	if n := l.visible(at - l.by); n > len(l.stamps)/2 {
		l.stamps = append([]stamp(nil), l.stamps[n:]...)
	}
}

// visible is the index of the last stamp that is not after a time.
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
