package operate

import (
	"context"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
)

// ImportIDs yields the IDs of all imports, newest first. An error ends it.
func (s *Stack) ImportIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		t, err := s.table()
		if err != nil {
			yield("", err)
			return
		}
		jobtable.New(t).IDs(ctx)(yield)
	}
}

// Order gives an import an order: [stack.OrderCancel], [stack.OrderPause], [stack.OrderResume] or
// [stack.OrderRetry]. It returns when the decoder has been told, which carries out the order. The
// error wraps a *[stack.OrderError] if the import cannot be given this order now.
func (s *Stack) Order(ctx context.Context, id, kind string) (stack.Job, error) {
	t, err := s.table()
	if err != nil {
		return stack.Job{}, err
	}
	jobs := jobtable.New(t)
	job, err := jobs.Get(ctx, id)
	if err == nil {
		_, err = s.queueOf(&job) // before anything is changed
	}
	if err != nil {
		return stack.Job{}, err
	}
	job, err = jobs.SetOrder(ctx, id, stack.Order{Kind: kind, By: s.Caller, At: time.Now()})
	if err != nil {
		return job, err
	}
	return job, s.Tell(ctx, &job)
}

// Tell tells the function that works on a job that it has an order: the decoder, or the function that carries
// out a command. If it knows that already, this does no harm.
func (s *Stack) Tell(ctx context.Context, job *stack.Job) error {
	url, err := s.queueOf(job)
	if err != nil {
		return err
	}
	return s.tell(ctx, url, job.Import)
}

// queueOf returns the URL of the queue of the function that works on a job.
func (s *Stack) queueOf(job *stack.Job) (string, error) {
	if job.Command != nil {
		return s.commandQueue(job.Command)
	}
	return s.resource("ManifestsQueue")
}

// AwaitOrder waits until the decoder has carried out an order to resume or retry, and returns the import. Only the end of
// ctx limits the time.
func (s *Stack) AwaitOrder(ctx context.Context, id string) (Import, error) {
	for {
		i, err := s.Import(ctx, id)
		if err != nil || i.Job.Order.Kind != stack.OrderResume && i.Job.Order.Kind != stack.OrderRetry {
			return i, err
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return i, err
		}
	}
}
