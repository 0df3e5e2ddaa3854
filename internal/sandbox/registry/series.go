package registry

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// A series holds what a list operation lists, in the order in which it was added. Every item has the sequence number of the change
// that added it, which is also the page token: pages stay right while items come and go. Adding is O(1), removing is a binary
// search, and a page costs what it shows, so a group of a million things is no slower than one of ten.
//
// The zero item means removed. Removed items are dropped when they are the majority.
type series[T comparable] struct {
	entries []entry[T]
	gone    int
	ghosts  map[uint64]int64 // removed, but still to be listed: seq → time of removal, ms
}

type entry[T comparable] struct {
	seq  uint64
	item T
}

// page is the part of a list that a caller asks for.
type page struct {
	size       int
	after      uint64 // the sequence number after which it starts
	descending bool
}

// A view is the state that a list operation sees: what was added up to a change, and what was removed only after a time.
type view struct {
	upTo  uint64
	since int64 // milliseconds; what was removed later is still seen
}

var present = view{upTo: math.MaxUint64, since: math.MaxInt64}

func (s *series[T]) at(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(s.entries, seq, func(e entry[T], seq uint64) int { return cmp.Compare(e.seq, seq) })
}

func (s *series[T]) add(seq uint64, item T) {
	n := len(s.entries)
	if n == 0 || s.entries[n-1].seq < seq {
		s.entries = append(s.entries, entry[T]{seq, item})
		return
	}
	i, _ := s.at(seq)
	s.entries = slices.Insert(s.entries, i, entry[T]{seq, item})
}

// remove takes an item out. With linger it stays visible to views of an earlier time.
func (s *series[T]) remove(seq uint64, now int64, linger bool) {
	i, ok := s.at(seq)
	if !ok || s.isGone(i) {
		return
	}
	s.gone++
	if linger {
		if s.ghosts == nil {
			s.ghosts = map[uint64]int64{}
		}
		s.ghosts[seq] = now
		return
	}
	var none T
	s.entries[i].item = none
	s.compact()
}

// forget drops the ghosts that no view can see any more.
func (s *series[T]) forget(before int64) {
	for seq, at := range s.ghosts {
		if at > before {
			continue
		}
		delete(s.ghosts, seq)
		if i, ok := s.at(seq); ok {
			var none T
			s.entries[i].item = none
		}
	}
	s.compact()
}

func (s *series[T]) compact() {
	if s.gone == 0 || s.gone*2 < len(s.entries) || len(s.ghosts) > 0 {
		return
	}
	var none T
	live := make([]entry[T], 0, len(s.entries)-s.gone)
	for _, e := range s.entries {
		if e.item != none {
			live = append(live, e)
		}
	}
	s.entries, s.gone = live, 0
}

func (s *series[T]) isGone(i int) bool {
	var none T
	if s.entries[i].item == none {
		return true
	}
	_, ghost := s.ghosts[s.entries[i].seq]
	return ghost
}

// len returns the number of items at present.
func (s *series[T]) len() int { return len(s.entries) - s.gone }

// find returns the sequence number of an item that is present. It looks at every item: for the short series of one device only.
func (s *series[T]) find(item T) (uint64, bool) {
	for i := range s.entries {
		if s.entries[i].item == item && !s.isGone(i) {
			return s.entries[i].seq, true
		}
	}
	return 0, false
}

// now yields all items that are present, oldest first.
func (s *series[T]) now() iter.Seq2[uint64, T] { return s.all(present, page{}) }

// all yields what a view sees of a page and the pages after it.
func (s *series[T]) all(v view, p page) iter.Seq2[uint64, T] {
	return func(yield func(uint64, T) bool) {
		var none T
		show := func(e entry[T]) bool {
			if e.item == none || e.seq > v.upTo {
				return true
			}
			if at, ghost := s.ghosts[e.seq]; ghost && at <= v.since {
				return true
			}
			return yield(e.seq, e.item)
		}
		entries := s.entries
		if p.descending {
			if p.after > 0 {
				end, _ := s.at(p.after)
				entries = entries[:end]
			}
			for _, e := range slices.Backward(entries) {
				if !show(e) {
					return
				}
			}
			return
		}
		start, _ := s.at(p.after + 1)
		for _, e := range entries[start:] {
			if !show(e) {
				return
			}
		}
	}
}

// An index is the resources of one kind by name, and in the order of their creation.
type index[K, T comparable] struct {
	by    map[K]T
	order series[T]
}

func newIndex[K, T comparable]() index[K, T] { return index[K, T]{by: map[K]T{}} }

func (x *index[K, T]) add(key K, seq uint64, item T) {
	x.by[key] = item
	x.order.add(seq, item)
}
