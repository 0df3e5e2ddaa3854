package engine

import "math/bits"

// A table finds entry numbers by 64-bit digests. It uses open addressing in
// segments that grow by a quarter, each on its own. A table that doubled as a
// whole would need three times its size while it grows.
type table struct {
	segments [256]segment
}

type segment struct {
	slots []uint32 // entry number + 1; 0 is free
	used  int
}

// find returns the entry with a digest; digestOf returns the digest of an entry.
func (t *table) find(digest uint64, digestOf func(uint32) uint64) (uint32, bool) {
	s := &t.segments[digest>>56]
	if len(s.slots) == 0 {
		return 0, false
	}
	for i := s.home(digest); ; i = s.after(i) {
		slot := s.slots[i]
		if slot == 0 {
			return 0, false
		}
		if digestOf(slot-1) == digest {
			return slot - 1, true
		}
	}
}

// insert adds an entry whose digest is not in the table.
func (t *table) insert(digest uint64, entry uint32, digestOf func(uint32) uint64) {
	s := &t.segments[digest>>56]
	if (s.used+1)*5 > len(s.slots)*4 {
		old := s.slots
		s.slots = make([]uint32, max(16, len(old)+len(old)/4))
		for _, slot := range old {
			if slot != 0 {
				s.put(digestOf(slot-1), slot)
			}
		}
	}
	s.put(digest, entry+1)
	s.used++
}

func (s *segment) put(digest uint64, slot uint32) {
	i := s.home(digest)
	for s.slots[i] != 0 {
		i = s.after(i)
	}
	s.slots[i] = slot
}

// home spreads the bits below those that chose the segment over any number of slots.
func (s *segment) home(digest uint64) int {
	hi, _ := bits.Mul64(digest<<8, uint64(len(s.slots)))
	return int(hi) // below len(s.slots)
}

func (s *segment) after(i int) int {
	if i++; i < len(s.slots) {
		return i
	}
	return 0
}
