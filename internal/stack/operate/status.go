package operate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A Queue is the state of one of a stack's queues. SQS counts approximately.
type Queue struct {
	LogicalID string `json:"queue"`
	// Visible messages are waiting, InFlight messages are being handled, Delayed
	// messages will be delivered later.
	Visible  int `json:"visible"`
	InFlight int `json:"in_flight"`
	Delayed  int `json:"delayed"`
	// Kept is set for a queue that should be empty, because it keeps messages that
	// could not be handled.
	Kept bool `json:"-"`
	// OldestSeconds is the age of the oldest message; nil if unknown.
	OldestSeconds *float64 `json:"oldest_seconds,omitempty"`
	// Unreadable is why the queue could not be read; empty if it was.
	Unreadable string `json:"error,omitempty"`
}

// An Alarm is the state of one of a stack's alarms.
type Alarm struct {
	LogicalID string `json:"alarm"`
	State     string `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
	Reason    string `json:"reason,omitempty"`
}

// queues returns the queues of the template, in the order in which messages pass
// them.
func queues() []Queue {
	return []Queue{
		{LogicalID: "ManifestsQueue"},
		{LogicalID: "ManifestsDeadLetterQueue", Kept: true},
		{LogicalID: "ManifestsParkedQueue", Kept: true},
		{LogicalID: "DevicesQueue"},
		{LogicalID: "DevicesDeadLetterQueue", Kept: true},
		{LogicalID: "DevicesParkedQueue", Kept: true},
		{LogicalID: "KeeperQueue"},
		{LogicalID: "UndoQueue"},
	}
}

// Queues reads the queues. If one cannot be read, it records that on the queue and
// continues. It returns an error only if ctx ends.
func (s *Stack) Queues(ctx context.Context) ([]Queue, error) {
	list := slices.DeleteFunc(queues(), func(q Queue) bool {
		// A stack has these only since some version, or with a parameter.
		return (q.LogicalID == "UndoQueue" || q.LogicalID == "KeeperQueue") && s.resources[q.LogicalID] == ""
	})
	for i := range list {
		if err := s.readQueue(ctx, &list[i]); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			list[i].Unreadable = err.Error()
		}
	}
	return list, nil
}

func (s *Stack) readQueue(ctx context.Context, q *Queue) error {
	url, err := s.resource(q.LogicalID)
	if err != nil {
		return err
	}
	counts := []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := s.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: counts})
	if err != nil {
		return err
	}
	for i, to := range []*int{&q.Visible, &q.InFlight, &q.Delayed} {
		if *to, err = strconv.Atoi(out.Attributes[string(counts[i])]); err != nil {
			return fmt.Errorf("%s: %w", counts[i], err)
		}
	}
	if q.Visible+q.InFlight > 0 {
		q.OldestSeconds = s.oldest(ctx, url)
	}
	return nil
}

// oldest asks CloudWatch for the age of a queue's oldest message. Without an answer
// it returns nil, because nothing depends on it.
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

// Alarms returns the state of the alarms.
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
		list = append(list, Alarm{
			LogicalID: logical[aws.ToString(a.AlarmName)], State: string(a.StateValue), Reason: aws.ToString(a.StateReason),
		})
	}
	return list, nil
}
