package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/backoff"
)

// A Move is the move of messages from a parked queue to the queue from which they
// came.
type Move struct {
	// From and To are logical IDs of queues.
	From string `json:"from"`
	To   string `json:"to"`
	// Moved of about Total messages have been moved.
	Moved int64 `json:"moved"`
	Total int64 `json:"total"`
	// Status is SQS's: RUNNING, COMPLETED, CANCELLED, FAILED; or EMPTY if there was
	// nothing to move.
	Status string `json:"status"`
}

// moveFailed is the status of a failed move.
const moveFailed = "FAILED"

// Redrive moves parked messages back to the queues from which they came, and returns
// when that is done. Watch is called with the progress. Redrive continues after an
// error with one queue; the Move of that queue has the status FAILED, and the error
// includes the reason.
func (s *Stack) Redrive(ctx context.Context, watch func(Move)) ([]Move, error) {
	states, err := s.Queues(ctx)
	if err != nil {
		return nil, err
	}
	var moves []Move
	var failures []error
	for _, q := range states {
		if !strings.HasSuffix(q.LogicalID, "ParkedQueue") {
			continue
		}
		move := Move{From: q.LogicalID, To: strings.Replace(q.LogicalID, "Parked", "", 1), Total: int64(q.Visible), Status: "EMPTY"}
		if q.Unreadable != "" {
			move.Status = moveFailed
			failures = append(failures, fmt.Errorf("redrive %s to %s: %s", move.From, move.To, q.Unreadable))
		} else if q.Visible > 0 {
			move.Status = "RUNNING"
			if err := s.move(ctx, &move, watch); err != nil {
				if ctx.Err() == nil { // otherwise SQS continues
					move.Status = moveFailed
				}
				failures = append(failures, fmt.Errorf("redrive %s to %s: %w", move.From, move.To, err))
			}
		}
		moves = append(moves, move)
	}
	return moves, errors.Join(failures...)
}

func (s *Stack) move(ctx context.Context, m *Move, watch func(Move)) error {
	from, err := s.queueARN(ctx, m.From)
	if err != nil {
		return err
	}
	to, err := s.queueARN(ctx, m.To)
	if err != nil {
		return err
	}
	before, err := s.latestMove(ctx, from)
	if err != nil {
		return err
	}
	_, err = s.queues.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to})
	var unsupported *types.UnsupportedOperation
	if errors.As(err, &unsupported) { // another move is running already: follow that
		before, err = nil, nil
	}
	if err != nil {
		return err
	}
	for {
		task, err := s.latestMove(ctx, from)
		if err != nil {
			return err
		}
		// The list may lag and still show the move before this one.
		if task != nil && (before == nil || task.StartedTimestamp != before.StartedTimestamp) {
			m.Status, m.Moved = aws.ToString(task.Status), task.ApproximateNumberOfMessagesMoved
			if n := aws.ToInt64(task.ApproximateNumberOfMessagesToMove); n > 0 {
				m.Total = n
			}
			watch(*m)
			switch m.Status {
			case "COMPLETED":
				return nil
			case moveFailed, "CANCELLED":
				return fmt.Errorf("SQS reports the move as %s: %s", strings.ToLower(m.Status), aws.ToString(task.FailureReason))
			}
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// latestMove returns the latest move of a queue; nil if there was none.
func (s *Stack) latestMove(ctx context.Context, from string) (*types.ListMessageMoveTasksResultEntry, error) {
	out, err := patiently(ctx, func(ctx context.Context) (*sqs.ListMessageMoveTasksOutput, error) {
		return s.queues.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &from, MaxResults: aws.Int32(1)})
	})
	if err != nil || len(out.Results) == 0 {
		return nil, err
	}
	return &out.Results[0], nil
}

func (s *Stack) queueARN(ctx context.Context, logical string) (string, error) {
	url, err := s.resource(logical)
	if err != nil {
		return "", err
	}
	out, err := s.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", err
	}
	return out.Attributes[string(types.QueueAttributeNameQueueArn)], nil
}

func lastPart(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
