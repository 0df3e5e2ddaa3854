package operate

import (
	"context"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
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
	if _, err := s.resource("ManifestsQueue"); err != nil { // before anything is changed
		return stack.Job{}, err
	}
	job, err := jobtable.New(t).SetOrder(ctx, id, stack.Order{Kind: kind, By: s.Caller, At: time.Now()})
	if err != nil {
		return job, err
	}
	return job, s.TellDecoder(ctx, id)
}

// TellDecoder tells the decoder that an import has an order. If it knows that already, this does no harm.
func (s *Stack) TellDecoder(ctx context.Context, id string) error {
	url, err := s.resource("ManifestsQueue")
	if err != nil {
		return err
	}
	task := stack.Task{Kind: stack.TaskContinue, Import: id}
	return queue.New(s.messages, url).Send(ctx, []stack.Message{task.Message(0)})
}

// AwaitOrder waits until the decoder has carried out an order to resume or retry, and returns the import.
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
