package stacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Credentials are those of every client; no server here looks at them, but
// DynamoDB Local wants an access key of letters and digits.
func Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "none", "")
}

// A Queue is one of a stack's.
type Queue struct {
	Name, URL, ARN string
	client         *sqs.Client
}

// CreateQueue creates a queue. A message that was received maxReceive times and
// comes up again is moved to the queue dead, unless that is nil.
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

// Send puts a message into the queue.
func (q *Queue) Send(ctx context.Context, body string) error {
	if _, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: &body}); err != nil {
		return fmt.Errorf("send to queue %s: %w", q.Name, err)
	}
	return nil
}

// Depth is how many messages are in the queue: visible, in flight and delayed.
func (q *Queue) Depth(ctx context.Context) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.URL, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("depth of queue %s: %w", q.Name, err)
	}
	depth := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("depth of queue %s: %w", q.Name, err)
		}
		depth += n
	}
	return depth, nil
}
