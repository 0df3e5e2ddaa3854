package stacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Credentials returns the credentials of every client. No server here checks them,
// but DynamoDB Local needs an access key of letters and digits.
func Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "none", "")
}

// A Queue is a queue of a stack.
type Queue struct {
	Name, URL, ARN string
	client         *sqs.Client
}

// CreateQueue creates a queue. A message that was received maxReceive times and
// becomes visible again is moved to the queue dead, unless that is nil.
func CreateQueue(t testing.TB, client *sqs.Client, name string, visibility time.Duration, dead *Queue, maxReceive int) *Queue {
	t.Helper()
	attributes := map[string]string{
		string(types.QueueAttributeNameVisibilityTimeout): strconv.Itoa(int(visibility / time.Second)),
	}
	if dead != nil {
		policy, err := json.Marshal(map[string]any{"deadLetterTargetArn": dead.ARN, "maxReceiveCount": strconv.Itoa(maxReceive)})
		if err != nil {
			t.Fatal(err)
		}
		attributes[string(types.QueueAttributeNameRedrivePolicy)] = string(policy)
	}
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatalf("create queue %s: %v", name, err)
	}
	q := &Queue{Name: name, URL: *out.QueueUrl, client: client}
	got, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: out.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatalf("create queue %s: %v", name, err)
	}
	q.ARN = got.Attributes[string(types.QueueAttributeNameQueueArn)]
	return q
}

// Send sends a message to the queue.
func (q *Queue) Send(ctx context.Context, body string) error {
	if _, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: &body}); err != nil {
		return fmt.Errorf("send to queue %s: %w", q.Name, err)
	}
	return nil
}

// Move moves every visible message to another queue as a new message, like
// StartMessageMoveTask. ElasticMQ's own implementation sometimes leaves a message
// that counts as visible and is never delivered.
func (q *Queue) Move(ctx context.Context, to *Queue) (moved int, err error) {
	for {
		out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q.URL, MaxNumberOfMessages: 10})
		if err != nil {
			return moved, fmt.Errorf("move messages of queue %s: %w", q.Name, err)
		}
		if len(out.Messages) == 0 {
			return moved, nil
		}
		for _, m := range out.Messages {
			if err := to.Send(ctx, *m.Body); err != nil {
				return moved, err
			}
			if _, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return moved, fmt.Errorf("move messages of queue %s: %w", q.Name, err)
			}
			moved++
		}
	}
}

// Depth returns the number of messages in the queue: visible, in flight and delayed.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	visible, inFlight, delayed, err := q.Depths(ctx)
	return visible + inFlight + delayed, err
}

// Depths returns the three parts of [Queue.Depth].
func (q *Queue) Depths(ctx context.Context) (visible, inFlight, delayed int, err error) {
	depths := map[types.QueueAttributeName]*int{
		types.QueueAttributeNameApproximateNumberOfMessages:           &visible,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: &inFlight,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    &delayed,
	}
	in := &sqs.GetQueueAttributesInput{QueueUrl: &q.URL, AttributeNames: slices.Collect(maps.Keys(depths))}
	out, err := q.client.GetQueueAttributes(ctx, in)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("depth of queue %s: %w", q.Name, err)
	}
	for name, depth := range depths {
		if *depth, err = strconv.Atoi(out.Attributes[string(name)]); err != nil {
			return 0, 0, 0, fmt.Errorf("depth of queue %s: %w", q.Name, err)
		}
	}
	return visible, inFlight, delayed, nil
}
