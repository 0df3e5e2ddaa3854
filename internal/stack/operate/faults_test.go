package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

var throttled = &smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}

// An operator who sees the last failure, or one that another caused, looks in the
// wrong place.
func TestAFailedDeploymentNamesWhatFailedFirstAndTheWayOut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status types.StackStatus
		hint   string
	}{
		{"created", types.StackStatusRollbackComplete, "delete it (thingpress stack delete --stack line), then deploy again"},
		{"not even rolled back", types.StackStatusRollbackFailed, "thingpress stack delete --stack line"},
		{"updated", types.StackStatusUpdateRollbackComplete, "the stack works as it did before: fix the cause and deploy again"},
		{"half updated", types.StackStatusUpdateRollbackFailed, "aws cloudformation continue-update-rollback --stack-name line"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{tb: t, status: "REVIEW_IN_PROGRESS", before: []types.StackEvent{
					event("Old", "UPDATE_FAILED", "of the deployment before"), event("line", "REVIEW_IN_PROGRESS", ""),
				}, script: []step{
					// What it was before, for a moment.
					{"UPDATE_ROLLBACK_COMPLETE", nil},
					{"UPDATE_IN_PROGRESS", []types.StackEvent{event("line", "UPDATE_IN_PROGRESS", ""), event("Fine", "CREATE_COMPLETE", "")}},
					{"UPDATE_ROLLBACK_IN_PROGRESS", []types.StackEvent{
						event("Rule", "CREATE_FAILED", "Resource creation cancelled"),
						event("SweepRule", "CREATE_FAILED", "too many rules"), event("Topic", "CREATE_FAILED", "too many topics"),
					}},
					{test.status, []types.StackEvent{event("line", string(test.status), "")}},
				}, failures: []error{nil, throttled, nil, throttled, throttled}, page: 2}
				set := &ChangeSet{account: f.account(), stack: "line", stackID: "arn:line"}
				var told []string
				err := set.Execute(t.Context(), func(e Event) { told = append(told, e.LogicalID) })
				var failed *FailedError
				if !errors.As(err, &failed) || failed.First.LogicalID != "SweepRule" || !strings.Contains(failed.Hint(), test.hint) {
					t.Fatalf("%v; hint %v", err, failed)
				}
				if want := fmt.Sprintf("stack line is %s: SweepRule (AWS::SweepRule): too many rules", test.status); err.Error() != want {
					t.Errorf("%s\nwant %s", err, want)
				}
				if diff := cmp.Diff([]string{"line", "Fine", "Rule", "SweepRule", "Topic", "line"}, told); diff != "" {
					t.Errorf("events, over pages and throttling, -want +told:\n%s", diff)
				}
			})
		})
	}
}

// Endless throttling must not block a script for ever, and denied requests are not
// retried.
func TestFollowingGivesUpOnlyWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		most int
	}{
		{"throttled for ever", throttled, int(patience/pollEvery) + 2},
		{"denied", &smithy.GenericAPIError{Code: "AccessDenied", Message: "no cloudformation:DescribeStackEvents"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{tb: t, status: "CREATE_COMPLETE", failures: slices.Repeat([]error{test.err}, 10*test.most)}
				err := f.stack().Delete(t.Context(), func(Event) {})
				if asked := 10*test.most - len(f.failures); !errors.Is(err, test.err) || asked > test.most {
					t.Errorf("asked %d times: %v", asked, err)
				}
				if f.begun {
					t.Error("deleted, though it could not be followed")
				}
			})
		})
	}
}

// Every failure but "no changes" is an error, and leaves no change set and no stack
// in review.
func TestAChangeSetThatFailsIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, reason, want string
	}{
		{"nothing to change", "The submitted information didn't contain changes. Submit different information to create a change set.", ""},
		{"nothing to update", "No updates are to be performed.", ""},
		{
			"refused", "Transform AWS::Serverless-2016-10-31 failed",
			"CloudFormation refused the change set: Transform AWS::Serverless-2016-10-31 failed",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{tb: t, status: "CREATE_COMPLETE", sets: []*cloudformation.DescribeChangeSetOutput{
					{Status: types.ChangeSetStatusCreateInProgress},
					{Status: types.ChangeSetStatusFailed, StatusReason: aws.String(test.reason)},
				}}
				set := &ChangeSet{account: f.account(), stack: "line"}
				err := set.prepared(t.Context())
				if set.Unchanged != (test.want == "") {
					t.Errorf("unchanged: %v", set.Unchanged)
				}
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Error(err)
				}
				if !f.discarded {
					t.Error("the change set is still there")
				}
			})
		})
	}
}

// A change set of another description, output or tag changes no resource. If it is taken for one without changes, it
// stays, and the stack never gets the change.
func TestAChangeSetWithoutChangesOfResourcesIsToBeExecuted(t *testing.T) {
	t.Parallel()
	f := &faulty{tb: t, status: "CREATE_COMPLETE", sets: []*cloudformation.DescribeChangeSetOutput{
		{Status: types.ChangeSetStatusCreateComplete},
	}}
	set := &ChangeSet{account: f.account(), stack: "line"}
	if err := set.prepared(t.Context()); err != nil || set.Unchanged || f.discarded {
		t.Errorf("%v, unchanged %v, discarded %v", err, set.Unchanged, f.discarded)
	}
}

// An interrupt while CloudFormation computes the changes must not leave a stack in
// review, which looks like a stack to everybody else.
func TestAnInterruptedChangeSetIsTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{
			tb:     t,
			status: "REVIEW_IN_PROGRESS",
			sets:   []*cloudformation.DescribeChangeSetOutput{{Status: types.ChangeSetStatusCreateInProgress}},
		}
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		err := (&ChangeSet{account: f.account(), stack: "line", Create: true}).prepared(ctx)
		if !errors.Is(err, context.Canceled) || !f.discarded || !f.begun {
			t.Errorf("%v, discarded %v, stack deleted %v", err, f.discarded, f.begun)
		}
	})
}

// Nothing is uploaded for a stack that allows no deployment, and the error has a way
// out.
func TestAStackThatTakesNoDeploymentSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for status, hint := range map[types.StackStatus]string{
		"UPDATE_IN_PROGRESS": "wait", "DELETE_IN_PROGRESS": "wait", "UPDATE_ROLLBACK_IN_PROGRESS": "wait",
		"ROLLBACK_COMPLETE": "stack delete --stack line", "CREATE_FAILED": "stack delete --stack line",
		"DELETE_FAILED":          "stack delete --stack line",
		"UPDATE_ROLLBACK_FAILED": "continue-update-rollback --stack-name line",
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			f := &faulty{tb: t, status: status, reason: "because"}
			_, err := f.account().Prepare(t.Context(), Deployment{Stack: "line", Template: []byte(`{}`)})
			var state *StateError
			if !errors.As(err, &state) || !strings.Contains(err.Error(), string(status)) || !strings.Contains(state.Hint(), hint) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Resources that a rollback deleted are listed, but not kept.
func TestKeptIsOnlyWhatThereIs(t *testing.T) {
	t.Parallel()
	f := &faulty{tb: t, status: "ROLLBACK_COMPLETE"}
	found, err := f.account().Find(t.Context(), "line")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Kept{{"LedgerTable", "AWS::DynamoDB::Table", "line-table"}}, found.Kept()); diff != "" {
		t.Error(diff)
	}
}

func TestADeletionThatFailsSaysAtWhat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{tb: t, status: "CREATE_COMPLETE", before: []types.StackEvent{event("line", "CREATE_COMPLETE", "")}, script: []step{
			{"CREATE_COMPLETE", nil}, // before CloudFormation begins
			{"DELETE_IN_PROGRESS", []types.StackEvent{event("line", "DELETE_IN_PROGRESS", "")}},
			{
				"DELETE_FAILED",
				[]types.StackEvent{
					event("NoticesTopic", "DELETE_FAILED", "denied"),
					event("line", "DELETE_FAILED", "The following resource(s) failed to delete: [NoticesTopic]."),
				},
			},
		}}
		err := f.stack().Delete(t.Context(), func(Event) {})
		var failed *FailedError
		if !errors.As(err, &failed) || failed.First.LogicalID != "NoticesTopic" || !strings.Contains(failed.Hint(), "delete the stack again") {
			t.Error(err)
		}
	})
}

// CloudFormation takes a moment to begin. The old status of a stack must not be taken
// for the end of a deployment that is about to fail.
func TestTheStatusFromBeforeADeploymentIsNotItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{tb: t, status: "UPDATE_COMPLETE", before: []types.StackEvent{event("line", "UPDATE_COMPLETE", "")}, script: []step{
			{"UPDATE_COMPLETE", nil},
			{"UPDATE_COMPLETE", []types.StackEvent{event("line", "UPDATE_IN_PROGRESS", "")}}, // read between two requests
			{"UPDATE_ROLLBACK_COMPLETE", []types.StackEvent{event("Topic", "UPDATE_FAILED", "denied")}},
		}}
		err := (&ChangeSet{account: f.account(), stack: "line", stackID: "arn:line"}).Execute(t.Context(), func(Event) {})
		var failed *FailedError
		if !errors.As(err, &failed) || failed.First.LogicalID != "Topic" {
			t.Error(err)
		}
	})
}

// A stack that is deleted during a deployment is not deployed.
func TestADeploymentWhoseStackIsDeletedFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{tb: t, status: "REVIEW_IN_PROGRESS", script: []step{{"DELETE_COMPLETE", nil}}}
		err := (&ChangeSet{account: f.account(), stack: "line", stackID: "arn:line"}).Execute(t.Context(), func(Event) {})
		if err == nil || !strings.Contains(err.Error(), "deleted by another operation") {
			t.Error(err)
		}
	})
}

// One locked bucket must not keep six others, which nobody would find again once the
// stack is gone.
func TestPurgeRemovesWhatItCanAndNamesTheRest(t *testing.T) {
	t.Parallel()
	f := &fauxBuckets{objects: map[string]int{"first": 2500, "locked": 1, "last": 0}, refuse: "locked"}
	s := &Stack{Account: &Account{buckets: f}, Name: "line"}
	bucket := func(name string) Kept { return Kept{name, "AWS::S3::Bucket", name} }
	most := map[string]int{}
	left, err := s.Purge(
		t.Context(),
		[]Kept{bucket("first"), bucket("locked"), bucket("removed by hand"), bucket("last")},
		func(k Kept, n int) { most[k.Name] = n },
	)
	if err == nil || err.Error() != "empty bucket locked: 1 object could not be deleted, such as reel.csv: AccessDenied: Access Denied" {
		t.Error(err)
	}
	if diff := cmp.Diff([]Kept{bucket("locked")}, left); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"first", "removed by hand", "last"}, f.deleted); diff != "" || most["first"] != 2500 {
		t.Errorf("%v\n%s", most, diff)
	}
}

func TestRedriveMovesOneQueueWhereTheOtherFails(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDenied", Message: "no sqs:ReceiveMessage"}
	both := func() map[string]int { return map[string]int{"ManifestsParkedQueue": 3, "DevicesParkedQueue": 24} }
	for _, test := range []struct {
		name   string
		faulty fauxQueues
		want   []string // in the error
		moved  map[string]int
		status []string
	}{
		{"nothing", fauxQueues{}, nil, nil, []string{"EMPTY", "EMPTY"}},
		{
			"all",
			fauxQueues{waiting: both()},
			nil,
			map[string]int{"ManifestsQueue": 3, "DevicesQueue": 24},
			[]string{"COMPLETED", "COMPLETED"},
		},
		{
			"not received",
			fauxQueues{waiting: both(), fail: map[string]error{"ManifestsParkedQueue receive": denied}},
			[]string{"redrive ManifestsParkedQueue to ManifestsQueue", "no sqs:ReceiveMessage"},
			map[string]int{"DevicesQueue": 24},
			[]string{"FAILED", "COMPLETED"},
		},
		{
			"unreadable",
			fauxQueues{waiting: both(), fail: map[string]error{"ManifestsParkedQueue read": denied}},
			[]string{"redrive ManifestsParkedQueue to ManifestsQueue"},
			map[string]int{"DevicesQueue": 24},
			[]string{"FAILED", "COMPLETED"},
		},
		{
			"not sent",
			fauxQueues{waiting: both(), fail: map[string]error{"ManifestsQueue send": denied, "DevicesQueue send": denied}},
			[]string{"redrive ManifestsParkedQueue", "redrive DevicesParkedQueue"},
			nil,
			[]string{"FAILED", "FAILED"},
		},
		{
			"what fails again at once",
			fauxQueues{waiting: map[string]int{"DevicesParkedQueue": 24}, returns: true},
			nil,
			map[string]int{"DevicesQueue": 50},
			[]string{"EMPTY", "COMPLETED"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var moves []Move
			var imports []Redriven
			var err error
			synctest.Test(t, func(t *testing.T) {
				moves, imports, err = test.faulty.stack().Redrive(t.Context(), func(Move) {})
			})
			if (err == nil) != (test.want == nil) {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nhas no %q", err, want)
				}
			}
			var status []string
			for _, m := range moves {
				status = append(status, m.Status)
			}
			if diff := cmp.Diff(test.moved, test.faulty.moved) + cmp.Diff(test.status, status); diff != "" {
				t.Error(diff)
			}
			if len(test.moved) > 0 && (len(imports) != 1 || imports[0].Import != "i") {
				t.Errorf("the imports %+v", imports)
			}
		})
	}
}

// A queue that the operator may not read must not hide the others.
func TestAQueueThatCannotBeReadIsSaidOfItAlone(t *testing.T) {
	t.Parallel()
	f := &fauxQueues{
		fail: map[string]error{"DevicesQueue read": &smithy.GenericAPIError{Code: "AccessDenied", Message: "no sqs:GetQueueAttributes"}},
	}
	s := f.stack()
	delete(s.resources, "DevicesParkedQueue") // as after an incomplete deployment
	list, err := s.Queues(t.Context())
	if err != nil || len(list) != len(queues()) {
		t.Fatal(list, err)
	}
	for _, q := range list {
		want := map[string]string{
			"DevicesQueue": "no sqs:GetQueueAttributes", "DevicesParkedQueue": "stack line has no DevicesParkedQueue",
		}[q.LogicalID]
		if (q.Unreadable == "") != (want == "") || !strings.Contains(q.Unreadable, want) {
			t.Errorf("%s: %q", q.LogicalID, q.Unreadable)
		}
	}
}
