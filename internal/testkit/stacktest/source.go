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

// SourceOptions configure an event source mapping between a queue and a function,
// and how often the queue does what it rarely does.
type SourceOptions struct {
	// Queue is the URL and QueueARN the ARN of the queue.
	Queue, QueueARN string
	// BatchSize is the maximum number of messages in a batch. Window is how long
	// to collect messages after the first one.
	BatchSize int
	Window    time.Duration
	// Partial is set if the function reports the messages that failed
	// (FunctionResponseTypes: ReportBatchItemFailures).
	Partial bool
	// Concurrency is the maximum number of concurrent invocations (ScalingConfig:
	// MaximumConcurrency).
	Concurrency int
	// Twice is the share of messages that are delivered a second time in a later
	// batch, although they may have been deleted. Late is the share of messages
	// that are delivered some batches after they were received.
	Twice, Late float64
	// Retention scales how long the queue keeps a message (MessageRetentionPeriod) to
	// deliveries. One that waits while more messages than these are delivered is deleted
	// without a word. 0 keeps all.
	Retention int
	// Seed determines which messages these are.
	Seed uint64
	// Observe, if set, is called after every invocation with its messages and its
	// error, before those that succeeded are deleted.
	Observe func(batch []types.Message, err error)
}

// A Source takes messages from a queue, invokes a function with them and deletes
// those that succeeded, like an event source mapping of Lambda (AWS Lambda
// developer guide, "Using Lambda with Amazon SQS"). Failed messages stay in the
// queue and are visible again after the queue's visibility timeout.
type Source struct {
	options  SourceOptions
	client   *sqs.Client
	function *Function
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu        sync.Mutex
	random    *rand.Rand
	held      []held
	busy      int
	twice     int
	delivered []time.Time // when each message was received
	aged      int
}

// held is a message to deliver after some more batches.
type held struct {
	message types.Message
	batches int
}

// StartSource takes messages until the test ends or Stop is called.
func StartSource(t testing.TB, client *sqs.Client, f *Function, o SourceOptions) *Source {
	t.Helper()
	if o.Observe == nil {
		o.Observe = func([]types.Message, error) {}
	}
	ctx, cancel := context.WithCancel(context.Background()) // invocations end in an orderly way, even after the test's own context
	s := &Source{options: o, client: client, function: f, cancel: cancel}
	s.random = rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // repeatable on purpose
	for range o.Concurrency {
		s.wait.Go(func() { s.run(ctx) })
	}
	t.Cleanup(s.Stop)
	return s
}

// Stop stops taking messages, and waits until those that were taken are handled. The
// queue delivers the held messages again.
func (s *Source) Stop() {
	s.cancel()
	s.wait.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = nil
}

// Idle reports whether no message is held back and no invocation is running.
// Messages that were received and not deleted are part of the queue's depth.
func (s *Source) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held) == 0 && s.busy == 0
}

// Twice returns the number of messages delivered a second time so far.
func (s *Source) Twice() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.twice
}

// Aged returns the number of messages that were deleted because they were too old.
func (s *Source) Aged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aged
}

func (s *Source) run(ctx context.Context) {
	for ctx.Err() == nil {
		batch := s.gather(ctx)
		if len(batch) > 0 {
			s.invoke(context.WithoutCancel(ctx), batch) // else they would be in flight until their visibility timeout ends
		}
		s.mu.Lock()
		s.busy -= len(batch)
		s.mu.Unlock()
	}
}

// invoke invokes the function with a batch and deletes the messages that succeeded.
func (s *Source) invoke(ctx context.Context, batch []types.Message) {
	body, err := s.function.Invoke(ctx, s.event(batch))
	s.options.Observe(batch, err)
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
	s.remove(ctx, done)
}

// remove deletes messages. A message that cannot be deleted is delivered again.
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
			s.options.Observe(nil, err)
		}
	}
}

// failures returns the messages of a batch that a function reports as failed, by
// the rules of ReportBatchItemFailures. An answer that is empty or null, or has an
// empty or null list, means none. One that is not JSON, or has an identifier that
// is empty, null, unknown or badly named, means all.
func failures(body []byte, batch []types.Message) (failed map[string]bool, all bool) {
	if len(body) == 0 {
		return nil, false
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		var other any
		// JSON that is not an object reports nothing, such as the string that a
		// handler without result returns.
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
