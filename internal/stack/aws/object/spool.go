package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// A SpaceError says that temporary storage is too small.
type SpaceError struct {
	// Need and Have are bytes; Have is 0 where it is not known.
	Need, Have int64
}

// Error tells the two numbers in MB, rounded so that they differ.
func (e *SpaceError) Error() string {
	const mega = 1 << 20
	if e.Have == 0 {
		return fmt.Sprintf("temporary storage is full; %d MB are needed", (e.Need+mega-1)/mega)
	}
	return fmt.Sprintf("temporary storage has %d MB, and %d MB are needed", e.Have/mega, (e.Need+mega-1)/mega)
}

// A Spool is a private copy of an object in a temporary file. Reading it is
// safe for concurrent use.
type Spool struct {
	file *os.File
	path string // empty once the file has no name
	size int64
}

// Copy copies the object into a file, of mode 0600, in dir; where the system
// allows it the file has no name from then on. If there is less room than
// factor times the object's size, which is what its decoder takes together
// with the copy, nothing is copied and the error is a *[SpaceError].
func Copy(ctx context.Context, r *Reader, dir string, factor int64) (*Spool, error) {
	need := factor * r.size
	if free, known := freeSpace(dir); known && free < need {
		return nil, &SpaceError{Need: need, Have: free}
	}
	file, err := os.CreateTemp(dir, "thingpress-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{file: file, path: file.Name(), size: r.size}
	if os.Remove(s.path) == nil {
		s.path = ""
	}
	if err := s.fill(ctx, r); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = &SpaceError{Need: need}
		}
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Spool) fill(ctx context.Context, r *Reader) error {
	buffer := make([]byte, 256<<10)
	for at := int64(0); at < r.size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.ReadAt(buffer[:min(int64(len(buffer)), r.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, err := s.file.Write(buffer[:n]); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		at += int64(n)
	}
	return nil
}

// Size is the length of the object in bytes.
func (s *Spool) Size() int64 { return s.size }

// ReadAt implements [io.ReaderAt].
func (s *Spool) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close removes the file.
func (s *Spool) Close() error {
	err := s.file.Close()
	if s.path != "" {
		err = errors.Join(err, os.Remove(s.path))
	}
	return err
}
