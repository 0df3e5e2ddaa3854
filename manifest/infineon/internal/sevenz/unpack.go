package sevenz

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/ulikunitz/xz/lzma"

	"github.com/thingpress/thingpress/manifest"
)

// A stream is the unpacked content of a block. It returns [io.EOF] if a block ends early.
type stream struct {
	content *bufio.Reader
	source  *source
}

// unpackBuffer is the size of the buffers before and after the methods of a block.
const unpackBuffer = 64 << 10

// open returns the content of the block in r.
func (b *block) open(r io.ReaderAt) (*stream, error) {
	if b.problem != nil {
		return nil, b.problem
	}
	src := &source{r: io.NewSectionReader(r, b.offset, b.packed), left: b.packed}
	var content io.Reader = bufio.NewReaderSize(src, unpackBuffer)
	for i := range b.coders {
		decoded, err := b.coders[i].decode(content)
		if err != nil {
			return nil, src.damaged(err)
		}
		content = io.LimitReader(decoded, b.coders[i].size)
	}
	return &stream{bufio.NewReaderSize(content, unpackBuffer), src}, nil
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.content.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.source.damaged(err)
	}
	return n, err
}

// decode returns what the coder makes of r. Its dictionary is no larger than its output, because
// nothing can refer further back.
func (c *coder) decode(r io.Reader) (io.Reader, error) {
	dictionary, err := c.dictionary()
	if err != nil {
		return nil, err
	}
	dictionary = min(dictionary, max(c.size, lzma.MinDictCap))
	switch c.method {
	case methodLZMA:
		// lzma.NewReader expects the header of a .lzma file: the properties, then the size.
		header := binary.LittleEndian.AppendUint32([]byte{c.properties[0]}, uint32(dictionary))
		header = binary.LittleEndian.AppendUint64(header, uint64(c.size))
		return lzma.NewReader(&headed{header: header, Reader: bufio.NewReaderSize(r, unpackBuffer)})
	case methodLZMA2:
		return lzma.Reader2Config{DictCap: int(dictionary)}.NewReader2(r)
	case methodBCJ:
		return &bcjReader{r: r}, nil
	case methodDelta:
		return &deltaReader{r: r, distance: int(c.properties[0]) + 1}, nil
	}
	return r, nil // methodCopy; checkMethod refuses all others
}

// headed reads header before Reader, also by the byte, as package lzma does.
type headed struct {
	header []byte
	*bufio.Reader
}

// Read implements [io.Reader].
func (h *headed) Read(p []byte) (int, error) {
	if len(h.header) == 0 {
		return h.Reader.Read(p)
	}
	n := copy(p, h.header)
	h.header = h.header[n:]
	return n, nil
}

// A source is the packed stream of a block.
type source struct {
	r    io.Reader
	left int64 // unread bytes
	err  error // of r
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.left -= int64(n)
	if errors.Is(err, io.EOF) && s.left > 0 {
		err = manifest.Errorf(manifest.ReasonTruncated, "the archive ends within its content")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// damaged returns the error of the underlying reader, if there is one, and
// otherwise an error for damaged content.
func (s *source) damaged(err error) error {
	if s.err != nil {
		return s.err
	}
	return manifest.Errorf(manifest.ReasonCorrupt, "the archive's content is damaged: %w", err)
}
