package memoryledger

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// Put stores a job unchanged, as the start of a test.
func (l *Ledger) Put(j stack.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs[j.Import] = &job{Job: j}
}

func (l *Ledger) job(id string) (*job, error) {
	j := l.jobs[id]
	if j == nil {
		return nil, fmt.Errorf("job of import %s: %w", id, ledger.ErrNotFound)
	}
	return j, nil
}

// Get returns a job.
func (l *Ledger) Get(ctx context.Context, id string) (found stack.Job, err error) {
	err = l.do(ctx, "Get", func() error {
		j, err := l.job(id)
		if err == nil {
			found = j.leased()
		}
		return err
	})
	return found, err
}

// leased returns the job with the end of its lease.
func (j *job) leased() stack.Job {
	found := j.Job
	if j.owner != "" {
		found.LeasedUntil = j.until
	}
	return found
}

// Start begins the job of an upload, or returns the existing one.
func (l *Ledger) Start(ctx context.Context, upload stack.Upload, begin stack.Job) (found stack.Job, created bool, err error) {
	err = l.do(ctx, "Start", func() error {
		same := func(u stack.Upload) bool {
			u.Size = upload.Size
			return u == upload || u.Version != "" && u.Bucket == upload.Bucket && u.Key == upload.Key && u.Version == upload.Version
		}
		for _, j := range l.jobs {
			if same(j.Upload) {
				found = j.Job
				return nil
			}
		}
		begin.Upload, begin.Created, begin.Updated, begin.Generation = upload, time.Now().UTC(), time.Now().UTC(), 0
		l.jobs[begin.Import] = &job{Job: begin}
		found, created = begin, true
		return nil
	})
	return found, created, err
}

// Lease takes the lease of a job.
func (l *Ledger) Lease(ctx context.Context, id, owner string, until time.Time) (lease stack.Lease, err error) {
	err = l.do(ctx, "Lease", func() error {
		j, err := l.job(id)
		if err != nil {
			return err
		}
		if j.owner != "" && time.Now().Before(j.until) {
			return &stack.LeasedError{Until: j.until}
		}
		j.Generation++
		j.owner, j.until = owner, until
		lease = stack.Lease{Import: id, Owner: owner, Generation: j.Generation, Until: until, Crashes: j.unsaved}
		j.unsaved++
		return nil
	})
	return lease, err
}

// Save saves a job under a lease.
func (l *Ledger) Save(ctx context.Context, lease stack.Lease, saved stack.Job) error {
	return l.do(ctx, "Save", func() error {
		j, err := l.job(lease.Import)
		if err != nil {
			return err
		}
		if j.Generation != lease.Generation {
			return stack.ErrFenced
		}
		saved.Generation, saved.Updated = j.Generation, time.Now()
		if saved.Phase != stack.PhaseStopped {
			saved.Cause, saved.RetryAt = j.Cause, j.RetryAt
		}
		saved.Order, saved.Observed = j.Order, j.Observed
		j.unsaved = 0
		j.Job = saved
		return nil
	})
}

// Release releases a lease.
func (l *Ledger) Release(ctx context.Context, lease stack.Lease) error {
	return l.do(ctx, "Release", func() error {
		j, err := l.job(lease.Import)
		if err == nil && j.Generation == lease.Generation {
			j.owner, j.unsaved = "", 0
		}
		return err
	})
}

// SetCause records why a job is at a standstill.
func (l *Ledger) SetCause(ctx context.Context, id, cause string, retryAt time.Time) error {
	return l.do(ctx, "SetCause", func() error {
		j, err := l.job(id)
		if err == nil {
			j.Cause, j.RetryAt, j.Updated = cause, retryAt, time.Now()
		}
		return err
	})
}

// SetOrder gives a job an order.
func (l *Ledger) SetOrder(ctx context.Context, id string, order stack.Order) (found stack.Job, err error) {
	err = l.do(ctx, "SetOrder", func() error {
		j, err := l.job(id)
		if err != nil {
			return err
		}
		if err := j.CheckOrder(order.Kind); err != nil {
			return err
		}
		order.At = order.At.UTC().Truncate(time.Microsecond)
		j.Order = order
		found = j.Job
		return nil
	})
	return found, err
}

// FinishOrder erases an order.
func (l *Ledger) FinishOrder(ctx context.Context, id string, order stack.Order) error {
	return l.do(ctx, "FinishOrder", func() error {
		if j := l.jobs[id]; j != nil && j.Order == order {
			j.Order = stack.Order{}
		}
		return nil
	})
}

// Observe records what a sweep has seen.
func (l *Ledger) Observe(ctx context.Context, id string, seen stack.Observed) error {
	return l.do(ctx, "Observe", func() error {
		if j := l.jobs[id]; j != nil {
			j.Observed = seen
		}
		return nil
	})
}

// Open yields the jobs that are not done.
func (l *Ledger) Open(ctx context.Context) iter.Seq2[stack.Job, error] {
	return func(yield func(stack.Job, error) bool) {
		var open []stack.Job
		err := l.do(ctx, "Open", func() error {
			for _, id := range slices.Sorted(maps.Keys(l.jobs)) {
				if l.jobs[id].Phase != stack.PhaseDone {
					open = append(open, l.jobs[id].leased())
				}
			}
			return nil
		})
		if err != nil {
			yield(stack.Job{}, err)
			return
		}
		for _, j := range open {
			if !yield(j, nil) {
				return
			}
		}
	}
}
