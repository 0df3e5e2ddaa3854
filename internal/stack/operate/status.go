package operate

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A Queue is the state of one of a stack's queues, as SQS tells it: approximately.
type Queue struct {
	LogicalID string `json:"queue"`
	// Visible messages wait, InFlight ones are with a function, Delayed ones are sent for later.
	Visible  int `json:"visible"`
	InFlight int `json:"in_flight"`
	Delayed  int `json:"delayed"`
	// Kept says that nothing should be in it: it holds what could not be handled.
	Kept bool `json:"-"`
	// OldestSeconds is the age of the oldest message; nil where it is not known.
	OldestSeconds *float64 `json:"oldest_seconds,omitempty"`
}

// An Alarm is the state of one of a stack's alarms.
type Alarm struct {
	LogicalID string `json:"alarm"`
	State     string `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
	Reason    string `json:"reason,omitempty"`
}

// queues are those of the template, in the order of a message's way.
func queues() []Queue {
	return []Queue{
		{LogicalID: "ManifestsQueue"},
		{LogicalID: "ManifestsDeadLetterQueue", Kept: true},
		{LogicalID: "ManifestsParkedQueue", Kept: true},
		{LogicalID: "DevicesQueue"},
		{LogicalID: "DevicesDeadLetterQueue", Kept: true},
		{LogicalID: "DevicesParkedQueue", Kept: true},
	}
}

// Queues asks how many messages there are.
func (s *Stack) Queues(ctx context.Context) ([]Queue, error) {
	list := queues()
	for i := range list {
		q := &list[i]
		url, err := s.resource(q.LogicalID)
		if err != nil {
			return nil, err
		}
		out, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{
			sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed, sqstypes.QueueAttributeNameQueueArn,
		}})
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", q.LogicalID, err)
		}
		read := func(name sqstypes.QueueAttributeName) int {
			n, _ := strconv.Atoi(out.Attributes[string(name)]) // a number, by contract
			return n
		}
		q.Visible = read(sqstypes.QueueAttributeNameApproximateNumberOfMessages)
		q.InFlight = read(sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
		q.Delayed = read(sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed)
		if q.Visible+q.InFlight > 0 {
			q.OldestSeconds = s.oldest(ctx, url)
		}
	}
	return list, nil
}

// oldest asks CloudWatch for the age of a queue's oldest message. Without an
// answer it is not known; nothing depends on it.
func (s *Stack) oldest(ctx context.Context, url string) *float64 {
	now := time.Now()
	out, err := s.cloudwatch.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/SQS"), MetricName: aws.String("ApproximateAgeOfOldestMessage"),
		Dimensions: []types.Dimension{{Name: aws.String("QueueName"), Value: aws.String(lastPart(url))}},
		StartTime:  aws.Time(now.Add(-15 * time.Minute)), EndTime: &now, Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMaximum},
	})
	if err != nil {
		return nil
	}
	var latest *types.Datapoint
	for i, d := range out.Datapoints {
		if latest == nil || aws.ToTime(d.Timestamp).After(aws.ToTime(latest.Timestamp)) {
			latest = &out.Datapoints[i]
		}
	}
	if latest == nil {
		return nil
	}
	return latest.Maximum
}

// Alarms asks for the state of the alarms.
func (s *Stack) Alarms(ctx context.Context) ([]Alarm, error) {
	logical := map[string]string{}
	var names []string
	for id, name := range s.resources {
		if len(id) > 5 && id[len(id)-5:] == "Alarm" && name != "" {
			logical[name] = id
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	out, err := s.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	if err != nil {
		return nil, fmt.Errorf("alarms of stack %s: %w", s.Name, err)
	}
	var list []Alarm
	for _, a := range out.MetricAlarms {
		list = append(list, Alarm{LogicalID: logical[aws.ToString(a.AlarmName)], State: string(a.StateValue), Reason: aws.ToString(a.StateReason)})
	}
	return list, nil
}
