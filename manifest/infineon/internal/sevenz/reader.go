package sevenz

import (
	"errors"
	"hash"
	"hash/crc32"
	"io"

	"github.com/thingpress/thingpress/manifest"
)

// A Reader visits the members of an archive in order. It skips the unread content
// of a member, whose checksum it then does not check.
type Reader struct {
	archive *Archive
	walk    *walk
	member  Member
	left    int64 // unread bytes of the member
	sum     hash.Hash32

	stream *stream // of block
	block  int
	ahead  int64 // unread bytes of the block before the member
}

// Reader returns a Reader before the first member.
func (a *Archive) Reader() *Reader {
	return &Reader{archive: a, walk: a.walk(), block: -1, sum: crc32.NewIEEE()}
}

// Next goes to the next member. It returns [io.EOF] at the end of the archive.
func (r *Reader) Next() (Member, error) {
	if r.member.block >= 0 && r.member.block == r.block {
		r.ahead += r.left
	}
	m, ok, err := r.walk.next()
	switch {
	case err != nil:
		return Member{}, err
	case !ok:
		return Member{}, io.EOF
	}
	if m.block >= 0 && m.block != r.block {
		r.close()
		r.block = m.block
	}
	r.member, r.left = m, m.Size
	r.sum.Reset()
	return m, nil
}

// Read reads the content of the member. At the end it returns [io.EOF] if the
// checksum matches, and otherwise an error.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, r.end()
	}
	if err := r.seek(); err != nil {
		return 0, err
	}
	n, err := r.stream.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	_, _ = r.sum.Write(p[:n]) // never fails
	if errors.Is(err, io.EOF) {
		if err = nil; n == 0 {
			err = endsEarly()
		}
	}
	return n, err
}

// seek unpacks the block up to the member.
func (r *Reader) seek() error {
	if r.stream == nil {
		var err error
		if r.stream, err = r.archive.streams.blocks[r.block].open(r.archive.r); err != nil {
			return err
		}
	}
	n, err := io.CopyN(io.Discard, r.stream, r.ahead)
	r.ahead -= n
	if errors.Is(err, io.EOF) {
		return endsEarly()
	}
	return err
}

func (r *Reader) end() error {
	switch m := &r.member; {
	case m.block < 0:
	case !m.hasCRC:
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "the archive has no checksums, so damage would go unnoticed; pack it again")
	case r.sum.Sum32() != m.crc:
		return manifest.Errorf(manifest.ReasonCorrupt, "the archive's content is damaged: a checksum is wrong")
	}
	return io.EOF
}

func endsEarly() error {
	return manifest.Errorf(manifest.ReasonCorrupt, "the archive's content is damaged: it unpacks to less than its header says")
}

func (r *Reader) close() {
	r.stream, r.ahead = nil, 0
}

// Close releases the memory for unpacking.
func (r *Reader) Close() { r.close(); r.block = -1 }
