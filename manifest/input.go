package manifest

import (
	"fmt"
	"io"
)

// Input is a manifest to decode.
//
// It needs random access because archives are read from their end, and because an
// import reads every manifest twice. Spool sources that cannot be read twice to a
// temporary file.
type Input struct {
	// Name names the manifest in errors and reports: the file name that the
	// operator gave, or the key of an object.
	Name string
	// Reader gives random access to the content. Decoders read it from one
	// goroutine at a time.
	Reader io.ReaderAt
	// Size is the length of the content in bytes.
	Size int64
}

// Section returns a reader for the content from byte offset off to the end.
func (in Input) Section(off int64) *io.SectionReader {
	return io.NewSectionReader(in.Reader, off, in.Size-off)
}

// Head returns the first n bytes, or everything if the manifest is shorter, which is not an error.
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
