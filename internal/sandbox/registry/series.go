package registry

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// A series is a list in the order in which items were added. The sequence number of the change
// that added an item is also its page token, so that pages stay correct while items are added
// and removed. Adding an item is O(1), removing one is a binary search, and the cost of a page
// depends on its size only. A group of a million things is no slower than one of ten.
//
// The zero item marks a removed one. Removed items are dropped when they are the majority.
type series[T comparable] struct {
	entries []entry[T]
	gone    int
	ghosts  map[uint64]int64 // removed but still listed: seq → time of removal, ms
}

type entry[T comparable] struct {
	seq  uint64
	item T
}

// page is the part of a list that a caller requests.
type page struct {
	size       int
	after      uint64 // it starts after this sequence number
	descending bool
}

// A view is the state that a list operation sees: items that were added up to a change, without
// those that were removed up to a time.
type view struct {
	upTo  uint64
	since int64 // milliseconds; items that were removed later are still visible
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

// remove removes an item. With linger it stays visible to views of an earlier time.
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

// forget drops the ghosts that no view sees any more.
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

// find returns the sequence number of an item that is present. It compares every item, so it is
// meant for the short series of one device.
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

// all yields the items that a view sees, from the start of a page to the end of the list.
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

// An index contains the resources of one kind by name and in the order of their creation.
type index[K, T comparable] struct {
	by    map[K]T
	order series[T]
}

func newIndex[K, T comparable]() index[K, T] { return index[K, T]{by: map[K]T{}} }

func (x *index[K, T]) add(key K, seq uint64, item T) {
	x.by[key] = item
	x.order.add(seq, item)
}
