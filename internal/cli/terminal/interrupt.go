package terminal

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// ErrInterrupted is the cause of contexts that Ctrl-C cancelled.
var ErrInterrupted = errors.New("interrupted")

type abortKey struct{}

// Interruptible returns a context that the first interrupt cancels. The second one
// cancels the context that [AbortContext] returns for it, and the third one kills the
// process. The returned function releases resources.
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
		signal.Reset(interruptSignals()...)
	}()
	return ctx, func() {
		close(done)
		cancel(nil)
		abortNow(nil)
	}
}

// interruptSignals returns the signals that interrupt a command. SIGHUP stays ignored if it was
// ignored at the start, as it is under nohup.
func interruptSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// AbortContext returns the context for finishing work that was begun before an
// interrupt. Only the second interrupt cancels it.
func AbortContext(ctx context.Context) context.Context {
	if abort, ok := ctx.Value(abortKey{}).(context.Context); ok {
		return abort
	}
	return ctx
}

// Interrupted reports whether Ctrl-C cancelled ctx.
func Interrupted(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), ErrInterrupted)
}

// InterruptibleReader returns a reader of from whose Read returns the cause as soon
// as ctx is cancelled. A read of a terminal or a pipe cannot be cancelled, so that
// read goes on in the background and its result is lost.
func InterruptibleReader(ctx context.Context, from io.Reader) io.Reader {
	return &interruptibleReader{ctx: ctx, from: from}
}

type interruptibleReader struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no parameter for it
	from   io.Reader
	buffer []byte // of a read that may go on in the background
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

// OpenFile is like [os.OpenFile], but returns the cause as soon as ctx ends.
func OpenFile(ctx context.Context, name string, flag int, mode os.FileMode) (*os.File, error) {
	return Await(ctx, func() (*os.File, error) { return os.OpenFile(name, flag, mode) })
}

// Await returns the result of a function that may wait for the other end of a named pipe, or the cause
// as soon as ctx ends. Such a wait cannot be cancelled, so that it goes on in the background.
func Await[Result any](ctx context.Context, wait func() (Result, error)) (Result, error) {
	type result struct {
		value Result
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := wait()
		done <- result{value, err}
	}()
	select {
	case ended := <-done:
		return ended.value, ended.err
	case <-ctx.Done():
		var none Result
		return none, context.Cause(ctx)
	}
}
