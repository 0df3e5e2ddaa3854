package queue_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
)

// Standard queues refuse an empty group, and share fairly only among groups.
func TestMessagesOfAnImportAreOneGroup(t *testing.T) {
	t.Parallel()
	s := &service{t: t, taken: map[string]time.Duration{}, group: map[string]string{}}
	device := stack.DeviceMessage{Import: "i"}.Message(0)
	task := stack.Task{Kind: stack.TaskSweep}.Message(0)
	if err := queue.New(s, "url").Send(t.Context(), []stack.Message{device, task}); err != nil {
		t.Fatal(err)
	}
	if len(s.taken) != 2 || !maps.Equal(s.group, map[string]string{device.Body: "i"}) {
		t.Errorf("sent %v in the groups %v", s.taken, s.group)
	}
}

// attributes is an SQS that has only attributes of a queue.
type attributes map[string]string

func (a attributes) GetQueueAttributes(
	_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options),
) (*sqs.GetQueueAttributesOutput, error) {
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if value, ok := a[string(name)]; ok {
			out.Attributes[string(name)] = value
		}
	}
	return out, nil
}

// A message that an importer has, or that is delayed, is not lost.
func TestDepthCountsEveryMessage(t *testing.T) {
	t.Parallel()
	all := attributes{
		"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "20", "ApproximateNumberOfMessagesDelayed": "100",
	}
	if n, err := queue.Depth(t.Context(), all, "url"); err != nil || n != 123 {
		t.Errorf("%d, %v", n, err)
	}
	delete(all, "ApproximateNumberOfMessagesDelayed")
	if _, err := queue.Depth(t.Context(), all, "url"); err == nil || !strings.Contains(err.Error(), "MessagesDelayed") {
		t.Errorf("an answer without a number is not a depth: %v", err)
	}
}
