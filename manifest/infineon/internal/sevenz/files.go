package sevenz

import "github.com/thingpress/thingpress/manifest"

// files describes members: where the header has their names and kinds.
type files struct {
	n             int
	names         *cursor // UTF-16, each ended by NUL
	empty         *bitmap // which members have no stream
	emptyFile     *bitmap // which of these are files, not directories
	anti          *bitmap // which of these delete a file
	hasAttributes *bitmap
	attributes    *cursor
}

// files reads FilesInfo to its end. withStream is the number of members in the streams.
func (h *headerReader) files(c *cursor, withStream int) files {
	var f files
	n := c.number()
	// Each file has a name of at least a NUL.
	if c.err == nil && n > uint64(h.limits.ArchiveMembers) {
		c.fail(h.tooManyMembers(n))
	}
	if c.err == nil && n > uint64(c.left()/2) {
		c.corrupt("it claims %d files in %d bytes", n, c.left())
	}
	if c.err != nil {
		return f
	}
	f.n = int(n)
	f.empty, f.emptyFile, f.anti, f.hasAttributes = &bitmap{}, &bitmap{}, &bitmap{}, &bitmap{}
	empties := 0
	seen := map[byte]bool{}
	for {
		id := c.byte()
		if c.err != nil || id == idEnd {
			break
		}
		length := c.size()
		start := c.tell()
		if c.err == nil && length > c.left() {
			c.corrupt("it ends early")
		}
		if seen[id] && id <= idAttributes {
			c.corrupt("property %#02x occurs twice", id)
		}
		seen[id] = true
		if c.err != nil {
			return f
		}
		property := c.from(start, length)
		switch id {
		case idEmptyStream:
			f.empty = property.bits(f.n)
			empties = f.empty.again().count(f.n)
		case idEmptyFile:
			f.emptyFile = property.bits(empties)
		case idAnti:
			f.anti = property.bits(empties)
		case idNames:
			f.names = property.inside()
		case idAttributes:
			f.hasAttributes = property.optionalBits(f.n)
			f.attributes = property.inside()
		}
		if property.err != nil {
			c.fail(property.err)
			return f
		}
		c.skip(length)
	}
	switch {
	case c.err != nil:
	case f.n > 0 && f.names == nil:
		c.corrupt("there are no names")
	case f.n-empties != withStream:
		c.corrupt("%d files with content, but content of %d", f.n-empties, withStream)
	}
	return f
}

// inside returns a cursor for the rest of a property, after the byte that says
// that the rest is stored here.
func (c *cursor) inside() *cursor {
	if c.byte() != 0 && c.err == nil {
		c.fail(manifest.Errorf(manifest.ReasonUnsupportedFormat, "the archive keeps parts of its header elsewhere, which no known writer does"))
	}
	return c.from(c.tell(), c.left())
}
