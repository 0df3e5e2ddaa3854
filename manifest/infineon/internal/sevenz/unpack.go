package sevenz

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/bodgit/sevenzip"

	"github.com/thingpress/thingpress/manifest"
)

// A stream is the unpacked content of a block.
type stream struct {
	file   io.ReadCloser
	buffer *bufio.Reader
	source *source
}

// open presents a block to the library as an archive of one file.
func (b *block) open(r io.ReaderAt) (*stream, error) {
	if b.problem != nil {
		return nil, b.problem
	}
	header := b.header()
	start := binary.LittleEndian.AppendUint64(nil, uint64(b.packed))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	head := append([]byte(Magic), 0, 4)
	head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(start))
	src := &source{r: r, head: append(head, start...), offset: b.offset, packed: b.packed, tail: header}
	archive, err := sevenzip.NewReader(src, startSize+b.packed+int64(len(header)))
	if err != nil {
		return nil, src.damaged(err)
	}
	file, err := archive.File[0].Open()
	if err != nil {
		return nil, src.damaged(err)
	}
	return &stream{file, bufio.NewReaderSize(file, 64<<10), src}, nil
}

// emptyReads is how often a decoder may return neither a byte nor an error before
// it counts as stuck; package bufio has the same limit.
const emptyReads = 100

// Read implements [io.Reader]. It returns [io.EOF] if a block ends early.
func (s *stream) Read(p []byte) (n int, err error) {
	// Filters of the library get stuck if damaged input ends within their
	// lookahead. Readers that fill a buffer would then wait for ever.
	for empty := 0; n == 0 && err == nil && len(p) > 0; empty++ {
		if empty == emptyReads {
			err = io.ErrNoProgress
			break
		}
		n, err = s.buffer.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.source.damaged(err)
	}
	return n, err
}

// header returns the header of an archive that has only this block.
func (b *block) header() []byte {
	h := []byte{idHeader, idMainStreams, idPackInfo, 0, 1, idSize}
	h = appendNumber(h, b.packed)
	h = append(h, idEnd, idUnpackInfo, idFolder, 1, 0, byte(len(b.coders)))
	for i := range b.coders {
		c := &b.coders[i]
		properties := c.shrunk()
		flags := byte(len(c.method))
		if len(properties) > 0 {
			flags |= 0x20
		}
		h = append(append(h, flags), c.method...)
		if len(properties) > 0 {
			h = append(append(h, byte(len(properties))), properties...)
		}
	}
	for i := range len(b.coders) - 1 {
		h = append(h, byte(i+1), byte(i))
	}
	h = append(h, idCodersUnpackSize)
	for i := range b.coders {
		h = appendNumber(h, b.coders[i].size)
	}
	h = append(h, idEnd, idEnd)
	return append(h, idFiles, 1, idNames, 5, 0, 'f', 0, 0, 0, idEnd, idEnd)
}

// shrunk returns the coder's properties with a dictionary no larger than its
// output, because nothing can refer further back.
func (c *coder) shrunk() []byte {
	const smallest = 1 << 12
	need := max(c.size, smallest)
	switch c.method {
	case methodLZMA2:
		property := c.properties[0]
		for property > 0 && lzma2Dictionary(property-1) >= need {
			property--
		}
		return []byte{property}
	case methodLZMA:
		declared := int64(binary.LittleEndian.Uint32(c.properties[1:]))
		return binary.LittleEndian.AppendUint32([]byte{c.properties[0]}, uint32(min(declared, need)))
	}
	return c.properties
}

func appendNumber(h []byte, n int64) []byte {
	extra := max(bits.Len64(uint64(n))-1, 0) / 7
	if extra >= 8 {
		return binary.LittleEndian.AppendUint64(append(h, 0xff), uint64(n))
	}
	h = append(h, ^byte(0xff>>extra)|byte(n>>(8*extra)))
	for i := range extra {
		h = append(h, byte(n>>(8*i)))
	}
	return h
}

// A source is an archive that consists of a start and a header written here and
// the packed stream of a block.
type source struct {
	r              io.ReaderAt
	head, tail     []byte
	offset, packed int64
	err            error // of r
}

// ReadAt implements [io.ReaderAt].
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		switch {
		case at < startSize:
			n += copy(p[n:], s.head[at:])
		case at < startSize+s.packed:
			want := min(int64(len(p)-n), startSize+s.packed-at)
			got, err := s.r.ReadAt(p[n:n+int(want)], s.offset+at-startSize)
			n += got
			if int64(got) < want {
				if err == nil || errors.Is(err, io.EOF) {
					err = manifest.Errorf(manifest.ReasonTruncated, "the archive ends within its content")
				}
				s.err = err
				return n, err
			}
		case at < startSize+s.packed+int64(len(s.tail)):
			n += copy(p[n:], s.tail[at-startSize-s.packed:])
		default:
			return n, io.EOF
		}
	}
	return n, nil
}

// damaged returns the error of the underlying reader, if there is one, and
// otherwise an error for damaged content.
func (s *source) damaged(err error) error {
	if s.err != nil {
		return s.err
	}
	return manifest.Errorf(manifest.ReasonCorrupt, "the archive's content is damaged: %w", err)
}
