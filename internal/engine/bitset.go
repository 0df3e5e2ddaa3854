package engine

// A bitset is a set of entry numbers.
type bitset struct {
	words [][]uint64 // in chunks, so that growing copies nothing
}

const bitChunk = 1 << 15 // bits

func (b *bitset) set(i int) {
	for i/bitChunk >= len(b.words) {
		b.words = append(b.words, nil)
	}
	chunk := &b.words[i/bitChunk]
	if *chunk == nil {
		*chunk = make([]uint64, bitChunk/64)
	}
	(*chunk)[i%bitChunk/64] |= 1 << (i % 64)
}

func (b *bitset) has(i int) bool {
	if i/bitChunk >= len(b.words) || b.words[i/bitChunk] == nil {
		return false
	}
	return b.words[i/bitChunk][i%bitChunk/64]&(1<<(i%64)) != 0
}
