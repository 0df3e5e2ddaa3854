package sevenz

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"

	"github.com/thingpress/thingpress/manifest"
)

// A cursor reads a part of a header from front to back. After the first error,
// which it keeps, everything it reads is zero.
type cursor struct {
	r        io.ReaderAt
	off, end int64 // of the data that is not in buffer yet
	buffer   []byte
	at       int
	err      error
}

const cursorBuffer = 4 << 10

func newCursor(r io.ReaderAt, off, end int64) *cursor { return &cursor{r: r, off: off, end: end} }

// from returns a cursor for n bytes of the same header at offset off.
func (c *cursor) from(off, n int64) *cursor { return newCursor(c.r, off, off+n) }

// tell returns the offset of the next byte.
func (c *cursor) tell() int64 { return c.off - int64(len(c.buffer)-c.at) }

// left returns the number of remaining bytes.
func (c *cursor) left() int64 { return c.end - c.tell() }

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.buffer, c.at, c.off = nil, 0, c.end
}

func (c *cursor) corrupt(format string, args ...any) {
	c.fail(manifest.Errorf(manifest.ReasonCorrupt, "the archive's header is damaged: "+format, args...))
}

func (c *cursor) byte() byte {
	if c.at == len(c.buffer) && !c.fill() {
		return 0
	}
	b := c.buffer[c.at]
	c.at++
	return b
}

func (c *cursor) fill() bool {
	n := min(c.end-c.off, cursorBuffer)
	if n <= 0 {
		c.corrupt("it ends early")
		return false
	}
	if int64(cap(c.buffer)) < n {
		c.buffer = make([]byte, n)
	}
	c.buffer, c.at = c.buffer[:n], 0
	got, err := c.r.ReadAt(c.buffer, c.off)
	if got < len(c.buffer) {
		if err == nil || errors.Is(err, io.EOF) {
			c.fail(manifest.Errorf(manifest.ReasonTruncated, "the archive ends within its header"))
			return false
		}
		c.fail(err)
		return false
	}
	c.off += n
	return true
}

func (c *cursor) skip(n int64) {
	if n < 0 || n > c.left() {
		c.corrupt("it ends early")
		return
	}
	if buffered := int64(len(c.buffer) - c.at); n <= buffered {
		c.at += int(n)
		return
	}
	c.off = c.tell() + n
	c.buffer, c.at = c.buffer[:0], 0
}

func (c *cursor) uint16() uint16 { return uint16(c.byte()) | uint16(c.byte())<<8 }

func (c *cursor) uint32() uint32 {
	var b [4]byte
	for i := range b {
		b[i] = c.byte()
	}
	return binary.LittleEndian.Uint32(b[:])
}

// number reads NUMBER: the number of leading ones in the first byte is the number
// of bytes that follow, little-endian. The other bits of the first byte are the
// highest.
func (c *cursor) number() uint64 {
	first := c.byte()
	extra := bits.LeadingZeros8(^first)
	var n uint64
	for i := range extra {
		n |= uint64(c.byte()) << (8 * i)
	}
	if extra < 7 {
		n |= uint64(first&(0x7f>>extra)) << (8 * extra)
	}
	return n
}

// size reads a number of bytes, which must fit in an int64.
func (c *cursor) size() int64 {
	n := c.number()
	if n > 1<<62 {
		c.fail(manifest.Errorf(manifest.ReasonLimitExceeded, "the archive's header claims a size of %d bytes", n))
		return 0
	}
	return int64(n)
}

// count reads a number of things. The remaining bytes must have room for them, at
// perByte things per byte.
func (c *cursor) count(perByte int64, what string) int {
	n := c.number()
	if c.err == nil && n > min(uint64(c.left()*perByte), math.MaxInt) {
		c.corrupt("it claims %d %s in %d bytes", n, what, c.left())
		return 0
	}
	return int(n)
}

// expect reads a byte that must be id.
func (c *cursor) expect(id byte, what string) {
	if got := c.byte(); got != id {
		c.corrupt("%#02x where %s is expected", got, what)
	}
}

// A bitmap reads booleans, the first from the highest bit of the first byte.
type bitmap struct {
	c    *cursor // nil if all are the same
	all  bool
	last byte
	mask byte
}

func (b *bitmap) next() bool {
	if b.c == nil {
		return b.all
	}
	if b.mask == 0 {
		b.last, b.mask = b.c.byte(), 0x80
	}
	set := b.last&b.mask != 0
	b.mask >>= 1
	return set
}

// bits returns the bitmap of n booleans at the cursor, and passes it.
func (c *cursor) bits(n int) *bitmap {
	length := (int64(n) + 7) / 8
	start := c.tell()
	c.skip(length)
	return &bitmap{c: c.from(start, length)}
}

// optionalBits is like bits after a byte that may declare that all are set.
func (c *cursor) optionalBits(n int) *bitmap {
	if c.byte() != 0 {
		return &bitmap{all: true}
	}
	return c.bits(n)
}

// again returns the same booleans from the start.
func (b *bitmap) again() *bitmap {
	if b == nil || b.c == nil {
		return b
	}
	return &bitmap{c: b.c.rewound()}
}

// rewound returns a cursor over the same bytes from the start. It must be called
// only on cursors that have read nothing.
func (c *cursor) rewound() *cursor { return newCursor(c.r, c.off, c.end) }

// count reads n booleans and returns how many are set.
func (b *bitmap) count(n int) int {
	set := 0
	for range n {
		if b.next() {
			set++
		}
	}
	return set
}
