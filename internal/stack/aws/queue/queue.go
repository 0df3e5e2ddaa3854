// Package queue sends messages to SQS queues in batches, and retries those that SQS
// did not accept.
package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// batchMost and batchBytes bound one call of SendMessageBatch: ten messages (SQS
	// quotas), and the 256 KiB that even the oldest queues accept.
	batchMost  = 10
	batchBytes = 256 << 10
	// parallel is the number of calls in flight.
	parallel = 8
	// rounds is how often a message is sent at most.
	rounds = 5
)

// span is the time between two rounds.
var span = backoff.Span{First: 100 * time.Millisecond, Most: time.Second}

// API has the operation of SQS that a [Queue] calls, as *sqs.Client does. It must be
// safe for concurrent use.
type API interface {
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, options ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// A Queue sends to one queue. It is safe for concurrent use.
type Queue struct {
	api API
	url string
}

// New returns the queue at a URL.
func New(api API, url string) *Queue { return &Queue{api: api, url: url} }

// Send implements [stack.Queue].
func (q *Queue) Send(ctx context.Context, messages []stack.Message) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var refused stack.RefusedError
	slots := make(chan struct{}, parallel)
	for first := 0; first < len(messages); {
		last, bytes := first, 0
		for last < len(messages) && last-first < batchMost && (last == first || bytes+len(messages[last].Body) <= batchBytes) {
			bytes += len(messages[last].Body)
			last++
		}
		from, to := first, last
		first = last
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if left, err := q.sendBatch(ctx, messages, from, to); err != nil {
				mu.Lock()
				defer mu.Unlock()
				refused.Indices, refused.Cause = append(refused.Indices, left...), err
			}
		})
	}
	wg.Wait()
	if refused.Cause != nil {
		return &refused
	}
	return nil
}

// sendBatch sends a range of messages, and retries those that SQS did not accept.
func (q *Queue) sendBatch(ctx context.Context, messages []stack.Message, from, to int) (refused []int, cause error) {
	left := make([]int, 0, batchMost)
	for i := from; i < to; i++ {
		left = append(left, i)
	}
	for round := 0; round < rounds && len(left) > 0; round++ {
		if round > 0 {
			if _, ended := span.Sleep(ctx, round); ended != nil {
				break
			}
		}
		var lost []int
		var err error
		if lost, left, err = q.call(ctx, messages, left); err != nil {
			cause = err
		}
		refused = append(refused, lost...)
	}
	refused = append(refused, left...)
	if len(refused) == 0 {
		return nil, nil
	}
	return refused, cause
}

// call sends some messages once. Lost are those that SQS will never accept, left
// those that are worth another call.
func (q *Queue) call(ctx context.Context, messages []stack.Message, indices []int) (lost, left []int, err error) {
	if ctx.Err() != nil {
		return nil, indices, context.Cause(ctx)
	}
	entries := make([]types.SendMessageBatchRequestEntry, len(indices))
	for i, index := range indices {
		m := &messages[index]
		entries[i] = types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(index)), MessageBody: &m.Body,
			DelaySeconds: int32(m.Delay / time.Second),
		}
		if m.Group != "" {
			entries[i].MessageGroupId = &m.Group
		}
	}
	out, err := q.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return nil, indices, err
	}
	taken := make(map[string]bool, len(out.Successful))
	for _, s := range out.Successful {
		taken[aws.ToString(s.Id)] = true
	}
	faults := make(map[string]bool)
	for _, f := range out.Failed {
		faults[aws.ToString(f.Id)] = f.SenderFault
		err = fmt.Errorf("%s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
	}
	for _, index := range indices {
		switch id := strconv.Itoa(index); {
		case taken[id]:
		case faults[id]:
			lost = append(lost, index)
		default:
			left = append(left, index)
		}
	}
	if len(left) > 0 && err == nil {
		err = errors.New("the answer of SendMessageBatch leaves out a message")
	}
	return lost, left, err
}
