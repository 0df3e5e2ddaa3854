package stacktest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// longPoll is how long a poll waits for a message. Lambda waits up to 20 s, which
// would delay the end of a test.
const longPoll = time.Second

// gather collects one batch until it is full, its window is over, or its event
// would grow too large. It is empty if no message arrived for a while.
func (s *Source) gather(ctx context.Context) []types.Message {
	batch := s.due()
	var until time.Time
	size := 0
	for {
		for _, m := range batch {
			size += len(*m.Body) + recordOverhead
		}
		if len(batch) > 0 && until.IsZero() {
			until = time.Now().Add(s.options.Window)
		}
		room := min(10, s.options.BatchSize-len(batch))
		if ctx.Err() != nil || room == 0 || size > maxPayload/2 || !until.IsZero() && !time.Now().Before(until) {
			break
		}
		more := s.receive(ctx, room, until)
		if more == nil && until.IsZero() {
			break
		}
		size = 0
		batch = append(batch, more...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	return batch
}

// recordOverhead is an upper bound for the size of a record without its body.
const recordOverhead = 1 << 10

// due returns the held messages that are due.
func (s *Source) due() (batch []types.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.held[:0]
	for _, h := range s.held {
		if h.batches--; h.batches < 0 && len(batch) < s.options.BatchSize {
			batch = append(batch, h.message)
		} else {
			rest = append(rest, h)
		}
	}
	s.held = rest
	s.busy += len(batch)
	return batch
}

// receive polls once and holds back the messages to deliver late or a second time.
// It returns nil if the queue had no message.
func (s *Source) receive(ctx context.Context, room int, until time.Time) []types.Message {
	in := &sqs.ReceiveMessageInput{
		QueueUrl: &s.options.Queue, MaxNumberOfMessages: int32(room), WaitTimeSeconds: int32(longPoll / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	}
	if !until.IsZero() && time.Until(until) < longPoll {
		in.WaitTimeSeconds = 0
	}
	// A poll is never cancelled: its messages would be lost until their visibility timeout ends.
	out, err := s.client.ReceiveMessage(context.WithoutCancel(ctx), in)
	if err != nil || len(out.Messages) == 0 {
		if err != nil {
			s.options.Observe(nil, err)
		}
		if err != nil || in.WaitTimeSeconds == 0 {
			pause(ctx)
		}
		return nil
	}
	fresh, old := s.byAge(out.Messages)
	s.remove(context.WithoutCancel(ctx), old)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := []types.Message{}
	for _, m := range fresh {
		if s.random.Float64() < s.options.Late {
			s.held = append(s.held, held{m, 1 + s.random.IntN(3)})
			continue
		}
		now = append(now, m)
		if s.random.Float64() < s.options.Twice {
			s.held = append(s.held, held{m, 1 + s.random.IntN(3)})
			s.twice++
		}
	}
	s.busy += len(now)
	return now
}

// byAge separates the messages that the queue would have deleted by now. One that was
// received before has not waited for the messages before it.
func (s *Source) byAge(messages []types.Message) (fresh, old []types.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		sent, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
		before, _ := slices.BinarySearchFunc(s.delivered, time.UnixMilli(sent), time.Time.Compare)
		first := m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)] == "1"
		if s.options.Retention > 0 && err == nil && first && len(s.delivered)-before > s.options.Retention {
			s.aged++
			old = append(old, m)
		} else {
			s.delivered = append(s.delivered, time.Now())
			fresh = append(fresh, m)
		}
	}
	return fresh, old
}

// pause waits between short polls, and between polls of a queue that does not answer.
func pause(ctx context.Context) {
	timer := time.NewTimer(50 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// event returns the event with which Lambda invokes a function.
func (s *Source) event(batch []types.Message) []byte {
	type record struct {
		MessageID     string            `json:"messageId"`
		ReceiptHandle string            `json:"receiptHandle"`
		Body          string            `json:"body"`
		Attributes    map[string]string `json:"attributes"`
		// MessageAttributes are empty: no sender of the stack sets any.
		MessageAttributes map[string]any `json:"messageAttributes"`
		MD5OfBody         string         `json:"md5OfBody"`
		EventSource       string         `json:"eventSource"`
		EventSourceARN    string         `json:"eventSourceARN"`
		Region            string         `json:"awsRegion"`
	}
	event := struct{ Records []record }{}
	for _, m := range batch {
		event.Records = append(event.Records, record{
			*m.MessageId, *m.ReceiptHandle, *m.Body, m.Attributes,
			map[string]any{},
			aws.ToString(m.MD5OfBody),
			"aws:sqs", s.options.QueueARN, Region,
		})
	}
	body, err := json.Marshal(event)
	if err != nil {
		panic(err) // strings always marshal
	}
	return body
}
