package cli

import (
	"context"
	"errors"
	"os"
)

// errInterrupted is the cause of contexts that Ctrl-C ended.
var errInterrupted = errors.New("interrupted")

type abortKey struct{}

// interruptible returns a context that the first interrupt cancels. The
// context that abortContext finds in it is cancelled by the second one.
func interruptible(parent context.Context, interrupts <-chan os.Signal) (context.Context, func()) {
	abort, abortNow := context.WithCancelCause(parent)
	ctx, cancel := context.WithCancelCause(context.WithValue(abort, abortKey{}, abort))
	done := make(chan struct{})
	go func() {
		for _, end := range []context.CancelCauseFunc{cancel, abortNow} {
			select {
			case <-interrupts:
				end(errInterrupted)
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

// abortContext returns the context under which work that was begun may end
// after an interrupt: the second interrupt cancels it.
func abortContext(ctx context.Context) context.Context {
	if abort, ok := ctx.Value(abortKey{}).(context.Context); ok {
		return abort
	}
	return ctx
}

func interrupted(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), errInterrupted)
}
