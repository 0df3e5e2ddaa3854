package stacktest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SourceOptions are those of an event source mapping between a queue and a
// function, and how often the queue does what it rarely does.
type SourceOptions struct {
	// Queue is the URL and QueueARN the ARN of the queue.
	Queue, QueueARN string
	// BatchSize and Window are how many messages are collected, and for how
	// long from the first one on.
	BatchSize int
	Window    time.Duration
	// Partial is set if the function reports the messages that failed
	// (FunctionResponseTypes: ReportBatchItemFailures).
	Partial bool
	// Concurrency is how many invocations there are at the same time
	// (ScalingConfig: MaximumConcurrency).
	Concurrency int
	// Twice is the share of messages that are delivered a second time in a
	// later batch, though they may be deleted by then; Late is the share that
	// is delivered some batches later than it was received.
	Twice, Late float64
	// Seed decides which messages these are.
	Seed uint64
	// Observe, if set, is told of every invocation: how many messages it
	// took, and why it failed.
	Observe func(messages int, err error)
}

// A Source takes messages from a queue, invokes a function with them and
// deletes those that succeeded, as Lambda does for an event source mapping
// (AWS Lambda developer guide, "Using Lambda with Amazon SQS"): what failed
// stays in the queue and is visible again after the queue's visibility timeout.
type Source struct {
	options  SourceOptions
	client   *sqs.Client
	function *Function
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
	held   []held
	busy   int
	twice  int
}

// held is a message that comes after so many more batches.
type held struct {
	message types.Message
	batches int
}

// StartSource takes messages until the test ends or it is stopped.
func StartSource(t testing.TB, client *sqs.Client, f *Function, o SourceOptions) *Source {
	t.Helper()
	if o.Observe == nil {
		o.Observe = func(int, error) {}
	}
	ctx, cancel := context.WithCancel(context.Background()) // invocations end in order, also after the test's own context
	s := &Source{options: o, client: client, function: f, cancel: cancel}
	s.random = rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // repeatable on purpose
	for range o.Concurrency {
		s.wait.Go(func() { s.run(ctx) })
	}
	t.Cleanup(s.Stop)
	return s
}

// Stop ends the source when the invocations under way have ended. What it holds
// back is delivered by the queue again.
func (s *Source) Stop() {
	s.cancel()
	s.wait.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = nil
}

// Idle reports whether no message is held back and no invocation is under way. A
// message that was received and not deleted is in its queue's depth.
func (s *Source) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held) == 0 && s.busy == 0
}

// Twice returns how many messages were delivered a second time so far.
func (s *Source) Twice() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.twice
}

func (s *Source) run(ctx context.Context) {
	for ctx.Err() == nil {
		batch := s.gather(ctx)
		if len(batch) > 0 {
			s.invoke(ctx, batch)
		}
		s.mu.Lock()
		s.busy -= len(batch)
		s.mu.Unlock()
	}
}

// invoke invokes the function with a batch and deletes what succeeded.
func (s *Source) invoke(ctx context.Context, batch []types.Message) {
	body, err := s.function.Invoke(ctx, s.event(batch))
	s.options.Observe(len(batch), err)
	if err != nil {
		return
	}
	failed, all := map[string]bool{}, false
	if s.options.Partial {
		failed, all = failures(body, batch)
	}
	if all {
		return
	}
	var done []types.Message
	for _, m := range batch {
		if !failed[*m.MessageId] {
			done = append(done, m)
		}
	}
	s.remove(context.WithoutCancel(ctx), done)
}

// remove deletes messages; one that cannot be deleted comes again.
func (s *Source) remove(ctx context.Context, done []types.Message) {
	for len(done) > 0 {
		n := min(len(done), 10)
		var entries []types.DeleteMessageBatchRequestEntry
		for i, m := range done[:n] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		done = done[n:]
		_, err := s.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &s.options.Queue, Entries: entries})
		if err != nil {
			s.options.Observe(0, err)
		}
	}
}

// failures reads which messages of a batch a function reports as failed, with
// the rules of ReportBatchItemFailures: an answer that is empty, null, or has an
// empty or null list means none; one that is no JSON, or has an identifier that
// is empty, null, unknown or badly named, means all.
func failures(body []byte, batch []types.Message) (failed map[string]bool, all bool) {
	if len(body) == 0 {
		return nil, false
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		var other any
		// What is JSON but no object reports nothing, such as the string that a handler without result answers.
		return nil, json.Unmarshal(body, &other) != nil
	}
	var list []struct {
		ItemIdentifier *string `json:"itemIdentifier"`
	}
	if text, ok := answer["batchItemFailures"]; ok {
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, true
		}
	}
	failed = map[string]bool{}
	for _, item := range list {
		if item.ItemIdentifier == nil || !contains(batch, *item.ItemIdentifier) {
			return nil, true
		}
		failed[*item.ItemIdentifier] = true
	}
	return failed, false
}

func contains(batch []types.Message, id string) bool {
	for _, m := range batch {
		if *m.MessageId == id {
			return true
		}
	}
	return false
}
