package stream

import (
	"context"
	"errors"
	"io"
)

// An interruptible reader ends with its context, so that skipping gigabytes can be interrupted.
type interruptible struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call of Decode
	r   io.ReaderAt
}

// ReadAt implements [io.ReaderAt].
func (i interruptible) ReadAt(p []byte, off int64) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.ReadAt(p, off)
}

// Reader returns a reader that reads from r and ends with the context.
func (f *Frame) Reader(r io.Reader) io.Reader { return reader{f.ctx, r} }

type reader struct {
	ctx context.Context //nolint:containedctx // as above
	r   io.Reader
}

func (i reader) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// interrupted reports whether err is the error of a context that has ended.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
