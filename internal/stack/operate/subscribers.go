package operate

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// Subscribers are those who get the notices of a stack.
type Subscribers struct {
	// Topic is the ARN of the topic.
	Topic string
	// Confirmed subscribers get notices. Pending ones have not confirmed their subscription yet.
	Confirmed, Pending int
}

// Subscribers counts the subscriptions to the stack's notices and alarms.
func (s *Stack) Subscribers(ctx context.Context) (Subscribers, error) {
	topic, err := s.resource("NoticesTopic")
	if err != nil {
		return Subscribers{}, err
	}
	found := Subscribers{Topic: topic}
	pages := sns.NewListSubscriptionsByTopicPaginator(s.topics, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found, fmt.Errorf("subscriptions of %s: %w", topic, err)
		}
		for _, subscription := range page.Subscriptions {
			// SNS returns this text in place of an ARN (ListSubscriptionsByTopic).
			if aws.ToString(subscription.SubscriptionArn) == "PendingConfirmation" {
				found.Pending++
			} else {
				found.Confirmed++
			}
		}
	}
	return found, nil
}
