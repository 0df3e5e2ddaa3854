package material

import (
	"context"
	"runtime"
	"sync"
)

// chunk is how many entries a worker makes at a time.
const chunk = 32

// ordered makes n entries on all cores and uses them in order. It stops at the
// first error and returns when no worker is left.
func ordered[T any](ctx context.Context, n int, produce func(i int) (T, error), use func(i int, entry T) error) error {
	type result struct {
		entries []T
		err     error
	}
	type job struct {
		first, end int
		done       chan result
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	jobs := make(chan job)
	queue := make(chan job, 2*workers) // in order; its length bounds the memory
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()

	group.Go(func() {
		defer close(queue)
		defer close(jobs)
		for first := 0; first < n; first += chunk {
			j := job{first, min(first+chunk, n), make(chan result, 1)}
			select {
			case queue <- j:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return
			}
		}
	})
	for range workers {
		group.Go(func() {
			for j := range jobs {
				var r result
				for i := j.first; i < j.end && r.err == nil; i++ {
					var entry T
					entry, r.err = produce(i)
					r.entries = append(r.entries, entry)
				}
				j.done <- r
			}
		})
	}
	for j := range queue {
		var r result
		select {
		case r = <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.err != nil {
			return r.err
		}
		for k, entry := range r.entries {
			if err := use(j.first+k, entry); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
