package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/thingpress/thingpress/internal/backoff"
)

// An Event is what happened to a resource of a stack.
type Event struct {
	At        time.Time
	LogicalID string
	Type      string
	// Status is CloudFormation's, such as CREATE_COMPLETE; Reason may be empty.
	Status, Reason string
}

// Failed reports whether the resource itself failed, and was not cancelled because of
// another one.
func (e *Event) Failed() bool {
	return strings.HasSuffix(e.Status, "_FAILED") && !strings.Contains(e.Reason, "cancelled")
}

// A FailedError is returned for a failed deployment or deletion, with its first
// failure.
type FailedError struct {
	Stack, Status string
	First         Event
}

// Error returns the resource that failed, and the reason.
func (e *FailedError) Error() string {
	if e.First.LogicalID == "" {
		return fmt.Sprintf("stack %s is %s", e.Stack, e.Status)
	}
	return fmt.Sprintf("stack %s is %s: %s (%s): %s", e.Stack, e.Status, e.First.LogicalID, e.First.Type, e.First.Reason)
}

// Hint returns what to do, which depends on the status of the stack.
func (e *FailedError) Hint() string { return wayOut(e.Stack, types.StackStatus(e.Status)) }

// wayOut returns what to do about a stack after a failure; empty if its status is
// none of a failure. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func wayOut(stack string, status types.StackStatus) string {
	switch status {
	case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed:
		return fmt.Sprintf("the stack was never created, and CloudFormation accepts no other deployment to it: fix the cause, "+
			"delete it (thingpress stack delete --stack %s), then deploy again", stack)
	case types.StackStatusUpdateRollbackComplete:
		return "the stack works as it did before: fix the cause and deploy again"
	case types.StackStatusUpdateRollbackFailed, types.StackStatusUpdateFailed:
		return fmt.Sprintf("the stack is partly changed: fix the cause, roll it back "+
			"(aws cloudformation continue-update-rollback --stack-name %s), then deploy again", stack)
	case types.StackStatusDeleteFailed:
		return fmt.Sprintf("fix the cause and delete the stack again (thingpress stack delete --stack %s)", stack)
	}
	return ""
}

// newest returns the ID of the latest event of a stack, which precedes those of the
// next operation. Times would not do: our clock may differ from CloudFormation's, and
// a deployment may closely follow a failed one.
func (a *Account) newest(ctx context.Context, stack string) (string, error) {
	out, err := patiently(ctx, func(ctx context.Context) (*cloudformation.DescribeStackEventsOutput, error) {
		return a.stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	})
	if err != nil {
		return "", fmt.Errorf("stack %s: events: %w", stack, err)
	}
	if len(out.StackEvents) == 0 {
		return "", nil
	}
	return aws.ToString(out.StackEvents[0].EventId), nil
}

// follow passes the events after one to watch until the stack reaches one of the
// given statuses. It returns a *[FailedError] if the stack ends in another one. It
// takes the stack's ID, by which CloudFormation knows a deleted stack, and which no
// other stack of that name has.
func (a *Account) follow(ctx context.Context, name, id, after string, reached []types.StackStatus, watch func(Event)) error {
	var first Event
	moved := false
	for {
		// Read the status before the events, so that the last of them are not missed.
		status, err := a.status(ctx, name, id)
		if err != nil {
			return err
		}
		events, last, err := a.events(ctx, name, id, after)
		if err != nil && !missing(err) {
			return err
		}
		if err == nil {
			after = last
		}
		for _, e := range events {
			if first.LogicalID == "" && e.Failed() {
				first = e
			}
			watch(e)
		}
		if !moved && len(events) > 0 && status != types.StackStatusDeleteComplete {
			moved = true
			continue // the status may be from before the first of them
		}
		switch {
		case status == types.StackStatusDeleteComplete && !slices.Contains(reached, status):
			return fmt.Errorf("stack %s was deleted by another operation", name)
		// Until there is an event, the stack has its earlier status.
		case status == types.StackStatusDeleteComplete, moved && slices.Contains(reached, status):
			return nil
		case moved && !strings.HasSuffix(string(status), "_IN_PROGRESS"):
			return &FailedError{Stack: name, Status: string(status), First: first}
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// status returns the status of a stack; DELETE_COMPLETE if it does not exist.
func (a *Account) status(ctx context.Context, name, id string) (types.StackStatus, error) {
	out, err := patiently(ctx, func(ctx context.Context) (*cloudformation.DescribeStacksOutput, error) {
		return a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
	})
	switch {
	case missing(err), err == nil && len(out.Stacks) == 0:
		return types.StackStatusDeleteComplete, nil
	case err != nil:
		return "", fmt.Errorf("stack %s: %w", name, err)
	}
	return out.Stacks[0].StackStatus, nil
}

// events returns the events after one, oldest first, and the ID of the last of them.
// After an error the next call returns all of them.
func (a *Account) events(ctx context.Context, name, id, after string) (fresh []Event, last string, err error) {
	last = after
	pages := cloudformation.NewDescribeStackEventsPaginator(a.stacks, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := patiently(ctx, func(ctx context.Context) (*cloudformation.DescribeStackEventsOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, after, fmt.Errorf("stack %s: events: %w", name, err)
		}
		for _, e := range page.StackEvents {
			id := aws.ToString(e.EventId)
			if id == after {
				slices.Reverse(fresh)
				return fresh, last, nil
			}
			if len(fresh) == 0 {
				last = id
			}
			fresh = append(fresh, Event{
				At: aws.ToTime(e.Timestamp), LogicalID: aws.ToString(e.LogicalResourceId), Type: aws.ToString(e.ResourceType),
				Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
			})
		}
	}
	slices.Reverse(fresh)
	return fresh, last, nil
}
