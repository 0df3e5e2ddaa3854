package material

import (
	"context"
	"runtime"
	"sync"
)

// chunk is how many entries a worker makes at a time.
const chunk = 32

// ordered makes n entries on all cores and uses them in order. It stops at the
// first error and returns after all workers have ended.
func ordered[T any](ctx context.Context, n int, produce func(i int) (T, error), use func(i int, entry T) error) error {
	type result struct {
		entries []T
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	working := make(chan struct{}, workers)
	queue := make(chan chan result, 2*workers) // in order; its length bounds the memory
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()

	group.Go(func() {
		defer close(queue)
		for first := 0; first < n && ctx.Err() == nil; first += chunk {
			done := make(chan result, 1)
			select {
			case queue <- done:
			case <-ctx.Done():
				return
			}
			working <- struct{}{}
			group.Go(func() {
				var r result
				for i := first; i < min(first+chunk, n) && r.err == nil; i++ {
					var entry T
					entry, r.err = produce(i)
					r.entries = append(r.entries, entry)
				}
				done <- r
				<-working
			})
		}
	})
	next := 0
	for done := range queue {
		var r result
		select {
		case r = <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.err != nil {
			return r.err
		}
		for _, entry := range r.entries {
			if err := use(next, entry); err != nil {
				return err
			}
			next++
		}
	}
	return ctx.Err()
}
