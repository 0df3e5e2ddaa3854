package queue_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
)

// service is an SQS that keeps the messages that it accepts; answer decides about
// each message.
type service struct {
	answer func(call int, body string) (fault bool, err error)
	broken func(call int) error

	mu    sync.Mutex
	calls int
	taken map[string]time.Duration
	group map[string]string // by body
	t     *testing.T
}

func (s *service) SendMessageBatch(
	_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.SendMessageBatchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.broken != nil {
		if err := s.broken(s.calls); err != nil {
			return nil, err
		}
	}
	size, ids := 0, map[string]bool{}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		size += len(*e.MessageBody)
		ids[*e.Id] = true
		if s.answer != nil {
			if fault, err := s.answer(s.calls, *e.MessageBody); err != nil {
				out.Failed = append(out.Failed, types.BatchResultErrorEntry{
					Id: e.Id, SenderFault: fault, Code: aws.String("Refused"),
					Message: aws.String(err.Error()),
				})
				continue
			}
		}
		s.taken[*e.MessageBody] = time.Duration(e.DelaySeconds) * time.Second
		if e.MessageGroupId != nil {
			s.group[*e.MessageBody] = *e.MessageGroupId
		}
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id})
	}
	if len(in.Entries) > 10 || len(ids) != len(in.Entries) || size > 1<<20 || *in.QueueUrl != "url" {
		s.t.Errorf("a batch of %d messages with %d IDs and %d bytes to %s", len(in.Entries), len(ids), size, *in.QueueUrl)
	}
	return out, nil
}

func bodies(n int) []stack.Message {
	messages := make([]stack.Message, n)
	for i := range messages {
		messages[i] = stack.Message{Body: "m" + strconv.Itoa(i), Delay: time.Duration(i) * time.Second}
	}
	return messages
}

func TestEveryMessageIsTakenWithItsDelay(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 10, 11, 503} {
		s := &service{taken: map[string]time.Duration{}, group: map[string]string{}, t: t}
		if err := queue.New(s, "url").Send(t.Context(), bodies(n)); err != nil {
			t.Fatal(err)
		}
		if len(s.taken) != n || s.calls != (n+9)/10 {
			t.Errorf("%d of %d messages in %d calls", len(s.taken), n, s.calls)
		}
		if n == 11 && s.taken["m10"] != 10*time.Second {
			t.Errorf("delay %s", s.taken["m10"])
		}
	}
}

func TestLargeMessagesGoInSmallerBatches(t *testing.T) {
	t.Parallel()
	s := &service{taken: map[string]time.Duration{}, group: map[string]string{}, t: t}
	var messages []stack.Message
	for i := range 20 {
		messages = append(messages, stack.Message{Body: strconv.Itoa(i) + strings.Repeat("x", 200<<10)})
	}
	if err := queue.New(s, "url").Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	if len(s.taken) != 20 {
		t.Errorf("%d messages", len(s.taken))
	}
}

func TestWhatWasNotTakenIsSentAgainAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := map[string]int{}
		s := &service{taken: map[string]time.Duration{}, group: map[string]string{}, t: t}
		s.answer = func(_ int, body string) (bool, error) {
			if sent[body]++; body == "m3" && sent[body] < 3 {
				return false, errors.New("busy")
			}
			return false, nil
		}
		if err := queue.New(s, "url").Send(t.Context(), bodies(10)); err != nil {
			t.Fatal(err)
		}
		for body, times := range sent {
			if want := map[bool]int{true: 3, false: 1}[body == "m3"]; times != want {
				t.Errorf("%s was sent %d times", body, times)
			}
		}
	})
}

func TestRefusedMessagesAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("InvalidMessageContents")
		s := &service{taken: map[string]time.Duration{}, group: map[string]string{}, t: t}
		s.answer = func(_ int, body string) (bool, error) {
			if body == "m12" {
				return true, cause
			}
			return false, nil
		}
		err := queue.New(s, "url").Send(t.Context(), bodies(20))
		var refused *stack.RefusedError
		if !errors.As(err, &refused) || !slices.Equal(refused.Indices, []int{12}) || !strings.Contains(err.Error(), cause.Error()) {
			t.Fatalf("%v", err)
		}
		if len(s.taken) != 19 || s.calls != 2 {
			t.Errorf("%d taken in %d calls: a fault of the sender is not sent again", len(s.taken), s.calls)
		}
	})
}

func TestAQueueThatNeverAnswersRefusesEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		s := &service{taken: map[string]time.Duration{}, group: map[string]string{}, t: t, broken: func(int) error { return down }}
		err := queue.New(s, "url").Send(t.Context(), bodies(25))
		var refused *stack.RefusedError
		if !errors.As(err, &refused) || len(refused.Indices) != 25 || !errors.Is(err, down) {
			t.Fatalf("%v", err)
		}
		if len(slices.Collect(maps.Keys(s.taken))) > 0 {
			t.Error("something was taken")
		}
	})
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &service{
			taken: map[string]time.Duration{}, group: map[string]string{}, t: t,
			broken: func(int) error { cancel(); return errors.New("down") },
		}
		var refused *stack.RefusedError
		if err := queue.New(s, "url").Send(ctx, bodies(1)); !errors.As(err, &refused) || s.calls != 1 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
}
