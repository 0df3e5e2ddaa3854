package terminal

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// ErrInterrupted is the cause of contexts that Ctrl-C ended.
var ErrInterrupted = errors.New("interrupted")

type abortKey struct{}

// Interruptible returns a context that the first interrupt cancels. The
// context that AbortContext finds in it is cancelled by the second one.
func Interruptible(parent context.Context, interrupts <-chan os.Signal) (context.Context, func()) {
	abort, abortNow := context.WithCancelCause(parent)
	ctx, cancel := context.WithCancelCause(context.WithValue(abort, abortKey{}, abort))
	done := make(chan struct{})
	go func() {
		for _, end := range []context.CancelCauseFunc{cancel, abortNow} {
			select {
			case <-interrupts:
				end(ErrInterrupted)
			case <-done:
				return
			}
		}
		signal.Reset(os.Interrupt, syscall.SIGTERM) // the third one kills the process
	}()
	return ctx, func() {
		close(done)
		cancel(nil)
		abortNow(nil)
	}
}

// AbortContext returns the context under which work that was begun may end
// after an interrupt: the second interrupt cancels it.
func AbortContext(ctx context.Context) context.Context {
	if abort, ok := ctx.Value(abortKey{}).(context.Context); ok {
		return abort
	}
	return ctx
}

// Interrupted reports whether Ctrl-C ended ctx.
func Interrupted(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), ErrInterrupted)
}

// InterruptibleReader returns a reader of from whose Read returns early, with the
// cause, when ctx ends. A read of a terminal or a pipe cannot be cancelled, so it is
// left behind and must not be needed any more.
func InterruptibleReader(ctx context.Context, from io.Reader) io.Reader {
	return &interruptibleReader{ctx: ctx, from: from}
}

type interruptibleReader struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no parameter for it
	from   io.Reader
	buffer []byte // of the read that may be left behind
}

func (r *interruptibleReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	if len(r.buffer) < len(p) {
		r.buffer = make([]byte, len(p))
	}
	buffer := r.buffer[:len(p)]
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := r.from.Read(buffer)
		done <- result{n, err}
	}()
	select {
	case read := <-done:
		return copy(p, buffer[:read.n]), read.err
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	}
}
