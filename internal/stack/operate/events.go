package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// An Event is what happened to a resource of a stack.
type Event struct {
	At        time.Time
	LogicalID string
	Type      string
	// Status is CloudFormation's, such as CREATE_COMPLETE; Reason may be empty.
	Status, Reason string
}

// Failed says whether the resource failed of itself, and not because of another.
func (e *Event) Failed() bool {
	return strings.HasSuffix(e.Status, "_FAILED") && !strings.Contains(e.Reason, "cancelled")
}

// A FailedError says what a deployment or deletion failed at first.
type FailedError struct {
	Stack, Status string
	First         Event
}

// Error says which resource failed, and why.
func (e *FailedError) Error() string {
	if e.First.LogicalID == "" {
		return fmt.Sprintf("stack %s is %s", e.Stack, e.Status)
	}
	return fmt.Sprintf("stack %s is %s: %s (%s): %s", e.Stack, e.Status, e.First.LogicalID, e.First.Type, e.First.Reason)
}

// follow tells events since a time until the stack is at rest. It returns a
// *[FailedError] unless that is where it was to get to.
func (a *Account) follow(ctx context.Context, stack string, since time.Time, watch func(Event)) error {
	seen := map[string]bool{}
	var first Event
	for {
		// The status before the events, so that the last of them are not missed.
		found, err := a.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
		gone := missing(err)
		if err != nil && !gone {
			return fmt.Errorf("stack %s: %w", stack, err)
		}
		if gone {
			return nil
		}
		events, err := a.events(ctx, stack, since, seen)
		if err != nil && !missing(err) {
			return err
		}
		for _, e := range events {
			if first.LogicalID == "" && e.Failed() {
				first = e
			}
			watch(e)
		}
		status := string(found.Stacks[0].StackStatus)
		switch {
		case status == "CREATE_COMPLETE", status == "UPDATE_COMPLETE", status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", status == "DELETE_COMPLETE":
			return nil
		case !strings.HasSuffix(status, "_IN_PROGRESS"):
			return &FailedError{Stack: stack, Status: status, First: first}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// events returns those since a time that were not seen, oldest first.
func (a *Account) events(ctx context.Context, stack string, since time.Time, seen map[string]bool) ([]Event, error) {
	var fresh []Event
	pages := cloudformation.NewDescribeStackEventsPaginator(a.cloudformation, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("stack %s: %w", stack, err)
		}
		for _, e := range page.StackEvents {
			id := aws.ToString(e.EventId)
			// A minute of difference between two clocks shows no event of an earlier deployment that anybody would mind.
			if seen[id] || aws.ToTime(e.Timestamp).Before(since.Add(-time.Minute)) {
				slices.Reverse(fresh)
				return fresh, nil
			}
			seen[id] = true
			fresh = append(fresh, Event{
				At: aws.ToTime(e.Timestamp), LogicalID: aws.ToString(e.LogicalResourceId), Type: aws.ToString(e.ResourceType),
				Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
			})
		}
	}
	slices.Reverse(fresh)
	return fresh, nil
}
