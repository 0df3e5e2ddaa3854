package sevenz

import (
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// Property IDs of 7zFormat.txt.
const (
	idEnd               = 0x00
	idHeader            = 0x01
	idArchiveProperties = 0x02
	idAdditionalStreams = 0x03
	idMainStreams       = 0x04
	idFiles             = 0x05
	idPackInfo          = 0x06
	idUnpackInfo        = 0x07
	idSubStreams        = 0x08
	idSize              = 0x09
	idCRC               = 0x0a
	idFolder            = 0x0b
	idCodersUnpackSize  = 0x0c
	idNumUnpackStream   = 0x0d
	idEmptyStream       = 0x0e
	idEmptyFile         = 0x0f
	idAnti              = 0x10
	idNames             = 0x11
	idAttributes        = 0x15
	idEncodedHeader     = 0x17
)

// streams describes packed streams: the blocks, and their content.
type streams struct {
	blocks  []block
	members int
	sizes   *cursor // of all members of a block but the last
	hasCRC  *bitmap // of members that are not alone in a block with a checksum
	crcs    *cursor
}

// A headerReader reads a header within limits.
type headerReader struct {
	r      io.ReaderAt // the archive
	packed int64       // bytes of packed streams, after the first 32
	limits manifest.Limits
	dir    string
	first  int64 // where the first packed stream begins
}

// streams reads StreamsInfo to its end.
func (h *headerReader) streams(c *cursor) streams {
	var s streams
	var sizes []int64
	id := c.byte()
	if id == idPackInfo {
		sizes = h.packInfo(c)
		id = c.byte()
	}
	if id == idUnpackInfo {
		s.blocks = h.unpackInfo(c, sizes)
		id = c.byte()
	}
	if c.err == nil && len(s.blocks) != len(sizes) {
		c.corrupt("%d blocks but %d packed streams", len(s.blocks), len(sizes))
	}
	for i := range s.blocks {
		s.blocks[i].members = 1
	}
	s.members = len(s.blocks)
	if id == idSubStreams {
		h.subStreams(c, &s)
		id = c.byte()
	}
	if c.err == nil && id != idEnd {
		c.corrupt("property %#02x among those of streams", id)
	}
	return s
}

// packInfo reads where the packed streams are and returns their sizes. The streams
// follow one another, so h.first and the sizes determine their offsets.
func (h *headerReader) packInfo(c *cursor) []int64 {
	offset := c.size()
	n := c.count(1, "packed streams")
	if c.err == nil && n > maxBlocks {
		c.fail(tooManyBlocks(n))
	}
	c.expect(idSize, "the sizes of packed streams")
	if c.err != nil {
		return nil
	}
	var sizes []int64
	total := offset
	for range n {
		size := c.size()
		if c.err != nil || size > h.packed-total || offset > h.packed {
			c.corrupt("a packed stream of %d bytes at %d, where there are %d", size, total, h.packed)
			return nil
		}
		total += size
		sizes = append(sizes, size)
	}
	h.first = startSize + offset
	id := c.byte()
	if id == idCRC {
		c.skip(4 * int64(c.optionalBits(n).count(n)))
		id = c.byte()
	}
	if id != idEnd {
		c.corrupt("property %#02x among those of packed streams", id)
	}
	return sizes
}

func tooManyBlocks(n int) error {
	return manifest.Errorf(manifest.ReasonLimitExceeded,
		"the archive has %d blocks; the limit is %d; pack it again as a solid archive: 7z a -ms=on", n, maxBlocks)
}

func (h *headerReader) unpackInfo(c *cursor, packed []int64) []block {
	c.expect(idFolder, "the description of blocks")
	n := c.count(1, "blocks")
	if c.err == nil && n > maxBlocks {
		c.fail(tooManyBlocks(n))
	}
	if external := c.byte(); external != 0 {
		c.corrupt("descriptions outside of it, which no known writer produces")
	}
	var blocks []block
	offset := h.first
	for i := range n {
		b := readBlock(c, h.limits)
		if c.err != nil {
			return nil
		}
		if i < len(packed) {
			b.offset, b.packed = offset, packed[i]
			offset += packed[i]
		}
		blocks = append(blocks, b)
	}
	c.expect(idCodersUnpackSize, "the sizes of blocks")
	for i := range blocks {
		coders := blocks[i].coders
		for k := range coders {
			coders[k].size = c.size()
		}
	}
	id := c.byte()
	if id == idCRC {
		h.blockCRCs(c, blocks)
		id = c.byte()
	}
	if c.err == nil && id != idEnd {
		c.corrupt("property %#02x among those of blocks", id)
	}
	if c.err != nil {
		return nil
	}
	return blocks
}

func (h *headerReader) blockCRCs(c *cursor, blocks []block) {
	defined := c.optionalBits(len(blocks))
	for i := range blocks {
		if blocks[i].hasCRC = defined.next(); blocks[i].hasCRC {
			blocks[i].crc = c.uint32()
		}
	}
}

// subStreams reads how blocks are split into members.
func (h *headerReader) subStreams(c *cursor, s *streams) {
	id := c.byte()
	if id == idNumUnpackStream {
		s.members = 0
		for i := range s.blocks {
			n := c.number()
			if n > uint64(h.limits.ArchiveMembers-s.members) {
				c.fail(h.tooManyMembers(n))
				return
			}
			s.blocks[i].members = int(n)
			s.members += int(n)
		}
		id = c.byte()
	}
	if id == idSize {
		s.sizes = h.memberSizes(c, s.blocks)
		id = c.byte()
	} else if c.err == nil {
		for i := range s.blocks {
			if s.blocks[i].members > 1 {
				c.corrupt("no sizes of files")
			}
		}
	}
	if id == idCRC {
		n := 0
		for i := range s.blocks {
			if s.blocks[i].members != 1 || !s.blocks[i].hasCRC {
				n += s.blocks[i].members
			}
		}
		s.hasCRC = c.optionalBits(n)
		set := s.hasCRC.again().count(n)
		start := c.tell()
		c.skip(4 * int64(set))
		s.crcs = c.from(start, 4*int64(set))
		id = c.byte()
	}
	if c.err == nil && id != idEnd {
		c.corrupt("property %#02x among those of files in blocks", id)
	}
}

// memberSizes checks that members fit their block and returns a cursor for their sizes.
func (h *headerReader) memberSizes(c *cursor, blocks []block) *cursor {
	start := c.tell()
	for i := range blocks {
		left := blocks[i].size()
		for range blocks[i].members - 1 {
			size := c.size()
			if c.err == nil && size > left {
				c.corrupt("files that are longer than their block")
			}
			if c.err != nil {
				return nil
			}
			left -= size
		}
	}
	return c.from(start, c.tell()-start)
}

func (h *headerReader) tooManyMembers(n uint64) error {
	return manifest.Exceeded(manifest.ReasonLimitExceeded,
		manifest.Limit{Name: manifest.LimitArchiveMembers, Value: int64(h.limits.ArchiveMembers), Found: int64(min(n, math.MaxInt64))},
		"the archive claims %d files; the limit is %d", n, h.limits.ArchiveMembers)
}

// checkExpansion checks the sum of the unpacked sizes of blocks.
func (h *headerReader) checkExpansion(blocks []block, limit int64) error {
	var packed, expanded int64
	for i := range blocks {
		packed += blocks[i].packed
		for _, coder := range blocks[i].coders {
			if coder.size > limit || expanded > limit-coder.size {
				return manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitExpandedBytes, Value: limit},
					"the archive claims to unpack to at least %s; the limit is %s", bytesText(max(coder.size, expanded)), bytesText(limit))
			}
		}
		expanded += blocks[i].size()
	}
	if ratio := h.limits.ExpansionRatio; expanded > smallHeader && expanded/ratio > packed {
		return manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitExpansionRatio, Value: ratio},
			"the archive unpacks from %s to %s, more than %d times its size", bytesText(packed), bytesText(expanded), ratio)
	}
	return nil
}

// dictionaries returns the maximum memory of one block for dictionaries.
func dictionaries(blocks []block) int64 {
	var most int64
	for i := range blocks {
		var sum int64
		for k := range blocks[i].coders {
			size, _ := blocks[i].coders[k].dictionary() // was already checked
			sum += size
		}
		most = max(most, sum)
	}
	return most
}

// unpackHeader unpacks a packed header.
func (h *headerReader) unpackHeader(c *cursor) (*spool.Spool, int64, error) {
	s := h.streams(c)
	switch {
	case c.err != nil:
		return nil, 0, c.err
	case c.left() > 0 || len(s.blocks) != 1 || s.members != 1 || s.sizes != nil:
		return nil, 0, manifest.Errorf(manifest.ReasonCorrupt, "the archive's header is damaged: it is packed in %d blocks", len(s.blocks))
	case s.blocks[0].problem != nil:
		return nil, 0, s.blocks[0].problem
	}
	limit := int64(math.MaxInt64)
	if members := int64(h.limits.ArchiveMembers); members < (math.MaxInt64-smallHeader)/bytesPerMember {
		limit = smallHeader + members*bytesPerMember
	}
	if err := h.checkExpansion(s.blocks, limit); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	b := &s.blocks[0]
	content, err := b.open(h.r)
	if err != nil {
		return nil, 0, err
	}
	sum := crc32.NewIEEE()
	kept, err := spool.Fill(io.TeeReader(content, sum), h.dir)
	switch {
	case err != nil:
		return nil, 0, err
	case kept.Size() != b.size() || b.hasCRC && sum.Sum32() != b.crc:
		_ = kept.Close()
		return nil, 0, manifest.Errorf(manifest.ReasonCorrupt, "the archive's packed header is damaged")
	}
	return kept, dictionaries(s.blocks), nil
}
