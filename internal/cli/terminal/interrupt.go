package terminal

import (
	"context"
	"errors"
	"os"
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
