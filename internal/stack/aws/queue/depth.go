package queue

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Attributes has the operation of SQS that [Depth] calls, as *sqs.Client does.
type Attributes interface {
	GetQueueAttributes(
		ctx context.Context, in *sqs.GetQueueAttributesInput, options ...func(*sqs.Options),
	) (*sqs.GetQueueAttributesOutput, error)
}

// Depth returns the number of messages in a queue: those that wait, those that a
// function has, and those that are delayed. SQS counts approximately, and may be a minute
// late.
func Depth(ctx context.Context, api Attributes, url string) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("messages in queue %s: %w", url, err)
	}
	depth := 0
	for _, name := range names {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("messages in queue %s: %s: %w", url, name, err)
		}
		depth += n
	}
	return depth, nil
}
