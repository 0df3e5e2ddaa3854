package sevenz

import (
	"errors"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// An Archive is an archive with a checked header. It is not safe for concurrent use.
type Archive struct {
	r            io.ReaderAt
	header       *spool.Spool // nil if the header is not packed
	dictionaries int64
	streams      streams
	files        files
}

// Open reads and checks the header of the archive in the size bytes of r. It keeps
// a packed header in memory or, if it is long, in a temporary file in dir. The
// caller must close the Archive.
func Open(r io.ReaderAt, size int64, limits manifest.Limits, dir string) (*Archive, error) {
	at, err := readStart(r, size)
	if err != nil {
		return nil, err
	}
	a := &Archive{r: r}
	h := &headerReader{r: r, packed: at.offset - startSize, limits: limits, dir: dir}
	c := newCursor(r, at.offset, at.offset+at.size)
	id := c.byte()
	if id == idEncodedHeader {
		if a.header, a.dictionaries, err = h.unpackHeader(c); err != nil {
			return nil, err
		}
		c = newCursor(a.header, 0, a.header.Size())
		id = c.byte()
	}
	switch {
	case id == idEncodedHeader:
		c.fail(manifest.Errorf(manifest.ReasonLimitExceeded, "the archive's header is packed more than once"))
	case id != idHeader:
		c.corrupt("it begins with %#02x", id)
	}
	a.readHeader(c, h)
	if c.err == nil {
		c.fail(h.checkExpansion(a.streams.blocks, limits.ExpandedBytes))
	}
	if c.err == nil {
		return a, nil
	}
	return nil, errors.Join(c.err, a.Close())
}

// readHeader reads the header after its first byte.
func (a *Archive) readHeader(c *cursor, h *headerReader) {
	id := c.byte()
	if id == idArchiveProperties {
		for c.err == nil && c.byte() != idEnd {
			c.skip(c.size())
		}
		id = c.byte()
	}
	if id == idAdditionalStreams {
		c.fail(manifest.Errorf(manifest.ReasonUnsupportedFormat,
			"the archive keeps parts of its header in streams of their own, which nobody writes"))
	}
	if id == idMainStreams {
		a.streams = h.streams(c)
		id = c.byte()
	}
	if id == idFiles {
		a.files = h.files(c, a.streams.members)
		id = c.byte()
	} else if c.err == nil && a.streams.members > 0 {
		c.corrupt("there are streams but no files")
	}
	switch {
	case c.err != nil:
	case id != idEnd:
		c.corrupt("property %#02x among those of the archive", id)
	case c.left() > 0:
		c.corrupt("%d bytes follow its end", c.left())
	default:
		a.dictionaries = max(a.dictionaries, dictionaries(a.streams.blocks))
	}
}

// Dictionaries returns the maximum number of bytes that unpacking one block takes
// for the dictionaries that the archive declares.
func (a *Archive) Dictionaries() int64 { return a.dictionaries }

// Close releases the resources of the Archive.
func (a *Archive) Close() error {
	if a.header == nil {
		return nil
	}
	return a.header.Close()
}
