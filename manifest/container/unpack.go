package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"

	"github.com/thingpress/thingpress/manifest"
)

var (
	errEncrypted = manifest.Errorf(manifest.ReasonEncrypted, "the file is encrypted")
	errLink      = manifest.Errorf(manifest.ReasonUnsafeMember, "it is a link or a device, not a file")
)

// unpack returns a reader for what the packed content unpacks to.
func (f *zipFile) unpack(packed io.Reader) (io.Reader, error) {
	const stored, deflated = 0, 8
	switch f.method {
	case stored:
	case deflated:
		packed = flate.NewReader(packed)
	default:
		return nil, manifest.Errorf(manifest.ReasonUnsupportedMethod, "the file is compressed with method %d of ZIP, not with Deflate", f.method)
	}
	return &summed{r: packed, left: f.size, want: f.sum}, nil
}

// damage returns the error for content that does not unpack. Errors of the reader below stay as they are.
func damage(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil, manifest.ReasonOf(err) != "":
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return manifest.Errorf(manifest.ReasonTruncated, "the container is cut off")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrFieldTooLong),
		errors.As(err, &corrupt):
		return manifest.Errorf(manifest.ReasonCorrupt, "the container is damaged: %w", err)
	}
	return err
}

// A budget bounds what a container unpacks to, with all containers in it.
type budget struct {
	limits   manifest.Limits
	packed   int64 // size of the container
	expanded int64
	members  int
}

// smallExpansion is allowed regardless of the ratio: a tar archive of a few short files is mostly zeros.
const smallExpansion = 1 << 20

func (b *budget) expand(n int) error {
	b.expanded += int64(n)
	if most := b.limits.ExpandedBytes; b.expanded > most {
		return manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitExpandedBytes, Value: most},
			"the container unpacks to more than %d bytes", most)
	}
	if ratio := b.limits.ExpansionRatio; b.expanded > smallExpansion && b.expanded/ratio > b.packed {
		return manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitExpansionRatio, Value: ratio},
			"the container unpacks to more than %d times its size of %d bytes", ratio, b.packed)
	}
	return nil
}

// add counts a file.
func (b *budget) add() error {
	if b.members++; b.members > b.limits.ArchiveMembers {
		return manifest.Exceeded(manifest.ReasonLimitExceeded,
			manifest.Limit{Name: manifest.LimitArchiveMembers, Value: int64(b.limits.ArchiveMembers)},
			"the container has more than %d files", b.limits.ArchiveMembers)
	}
	return nil
}

// A spending reader counts what it reads against a budget.
type spending struct {
	r      io.Reader
	budget *budget
}

// Read implements [io.Reader].
func (s spending) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if over := s.budget.expand(n); over != nil {
		return 0, over
	}
	return n, damage(err)
}

// gzipMembers reads the members of a gzip file one after the other (RFC 1952, 2.2). Unlike
// [gzip.Reader.Multistream] it tells data that follows the last of them from a damaged member. Zeros may
// follow, as padding.
type gzipMembers struct {
	from *bufio.Reader
	r    *gzip.Reader
}

// Read implements [io.Reader].
func (m *gzipMembers) Read(p []byte) (int, error) {
	for {
		m.r.Multistream(false)
		n, err := m.r.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil // the next call returns it
			}
			return n, err
		}
		next, err := m.from.Peek(len(gzipMagic))
		switch {
		case bytes.Equal(next, gzipMagic):
			if err := m.r.Reset(m.from); err != nil {
				return 0, err
			}
		case len(next) == 0 && errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return 0, err
		default:
			if err := onlyZeros(m.from, "data follows the end of the gzip file"); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
	}
}

// onlyZeros returns an error if r has other data up to its end.
func onlyZeros(r io.Reader, otherwise string) error {
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		if len(bytes.TrimRight(buffer[:n], "\x00")) > 0 {
			return manifest.Errorf(manifest.ReasonTrailingData, "%s", otherwise)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A tail remembers whether the last blocks of a tar archive were zeros, which is how it ends.
type tail struct {
	r     io.Reader
	zeros int // that were read last
}

// Read implements [io.Reader].
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if rest := bytes.TrimRight(p[:n], "\x00"); len(rest) > 0 {
		t.zeros = n - len(rest)
	} else {
		t.zeros += n
	}
	return n, err
}

// checkEnd reads what follows the end of a tar archive, which must be zeros. Without an end the archive
// was cut off between two files.
func (t *tail) checkEnd() error {
	if t.zeros < 2*tarBlock {
		return manifest.Errorf(manifest.ReasonTruncated, "the tar archive has no end")
	}
	return onlyZeros(t.r, "data follows the end of the tar archive")
}
