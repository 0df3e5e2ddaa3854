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
// is less room, nothing is copied and the error is a *[SpaceError].
func Copy(ctx context.Context, r *Reader, dir string, factor int64) (*spool.File, error) {
	need := factor * r.size
	if free, known := freeSpace(dir); known && free < need {
		return nil, &SpaceError{Need: need, Have: free}
	}
	file, err := spool.Create(dir)
	if err != nil {
		return nil, err
	}
	if _, err := file.Fill(ctx, io.NewSectionReader(r, 0, r.size)); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = &SpaceError{Need: need}
		}
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
