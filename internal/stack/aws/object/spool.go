package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/thingpress/thingpress/internal/spool"
)

// A SpaceError is returned if temporary storage is too small.
type SpaceError struct {
	// Need and Have are bytes; Have is 0 if it is not known.
	Need, Have int64
}

// Error returns both in MB, rounded so that they differ.
func (e *SpaceError) Error() string {
	const mega = 1 << 20
	if e.Have == 0 {
		return fmt.Sprintf("temporary storage is full; %d MB are needed", (e.Need+mega-1)/mega)
	}
	return fmt.Sprintf("temporary storage has %d MB; %d MB are needed", e.Have/mega, (e.Need+mega-1)/mega)
}

// Copy copies the object into a private temporary file in dir, which the caller must
// close. The copy and its decoder take factor times the size of the object; if there
// is less room, nothing is copied and the error is a *[SpaceError]. If copied is not nil, Copy
// calls it with the number of bytes so far.
func Copy(ctx context.Context, r *Reader, dir string, factor int64, copied func(done int64)) (*spool.File, error) {
	need := factor * r.size
	if free, known := freeSpace(dir); known && free < need {
		return nil, &SpaceError{Need: need, Have: free}
	}
	file, err := spool.Create(dir)
	if err != nil {
		return nil, err
	}
	from := &counted{Reader: io.NewSectionReader(r, 0, r.size), copied: copied}
	if _, err := file.Fill(ctx, from); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = &SpaceError{Need: need}
		}
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// counted calls a function with the number of bytes that were read.
type counted struct {
	io.Reader
	done   int64
	copied func(int64) // may be nil
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.done += int64(n); c.copied != nil {
		c.copied(c.done)
	}
	return n, err
}
