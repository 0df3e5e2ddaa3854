package window

import (
	"context"
	"errors"
	"io"
)

// Interruptible returns a reader over r that fails with the error of ctx when
// that has ended, so that passing over gigabytes ends too.
func Interruptible(ctx context.Context, r io.ReaderAt) io.ReaderAt {
	return interruptible{ctx, r}
}

type interruptible struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call of Decode
	r   io.ReaderAt
}

func (i interruptible) ReadAt(p []byte, off int64) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.ReadAt(p, off)
}

// Interrupted says whether err is that of a context that has ended.
func Interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
