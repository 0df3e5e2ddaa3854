package manifest

import (
	"fmt"
	"io"
)

// Input is a manifest to be decoded.
//
// Random access is required because archives are read from their end, and
// because an import reads every manifest twice. Spool what cannot be read
// twice to a temporary file.
type Input struct {
	// Name is what errors and reports call the manifest: a file's name as
	// the operator gave it, or an object's key.
	Name string
	// Reader gives random access to the content. Decoders read it from one
	// goroutine at a time.
	Reader io.ReaderAt
	// Size is the length of the content in bytes.
	Size int64
}

// Section returns a reader of the content from byte offset off to the end.
func (in Input) Section(off int64) *io.SectionReader {
	return io.NewSectionReader(in.Reader, off, in.Size-off)
}

// Head returns the first n bytes, or all of a shorter manifest.
func (in Input) Head(n int) ([]byte, error) {
	if int64(n) > in.Size {
		n = int(in.Size)
	}
	head := make([]byte, n)
	got, err := in.Reader.ReadAt(head, 0)
	if got < n && err != nil && err != io.EOF {
		return nil, fmt.Errorf("read: %w", err)
	}
	return head[:got], nil
}
