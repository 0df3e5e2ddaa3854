package operate

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/thingpress/thingpress/internal/stack"
)

// A faulty is a CloudFormation that injects faults. It has one stack, whose status
// follows script each time it is read, with an event for each step. The tests with
// moto, which never fails, show that everything works.
type faulty struct {
	tb          testing.TB
	before      []types.StackEvent // of earlier deployments, oldest first
	status      types.StackStatus  // until the script begins
	reason      string
	description *string
	script      []step // each read of the stack is one step
	page        int    // events a page; 0 for all

	begun, gone bool
	events      []types.StackEvent
	failures    []error // of DescribeStackEvents, one each time, nil for none

	sets      []*cloudformation.DescribeChangeSetOutput // answers of DescribeChangeSet, the last for ever
	discarded bool

	tags      []types.Tag
	protected *bool
}

// A step is what has happened when the stack is read the next time.
type step struct {
	status types.StackStatus
	events []types.StackEvent
}

func event(resource, status, reason string) types.StackEvent {
	return types.StackEvent{
		EventId: aws.String(resource + "-" + status + "-" + reason), LogicalResourceId: &resource, ResourceType: aws.String("AWS::" + resource),
		ResourceStatus: types.ResourceStatus(status), ResourceStatusReason: &reason,
	}
}

func (f *faulty) account() *Account {
	return &Account{ID: "123456789012", Partition: "aws", Region: "eu-central-1", stacks: f, changes: f, protector: f}
}

func (f *faulty) UpdateTerminationProtection(
	_ context.Context,
	in *cloudformation.UpdateTerminationProtectionInput,
	_ ...func(*cloudformation.Options),
) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	if aws.ToString(in.StackName) != "arn:line" {
		f.tb.Errorf("stack %s is protected", aws.ToString(in.StackName))
	}
	f.protected = in.EnableTerminationProtection
	return &cloudformation.UpdateTerminationProtectionOutput{}, nil
}

func (f *faulty) stack() *Stack {
	return &Stack{Account: f.account(), Name: "line", id: "arn:line", resources: map[string]string{}}
}

func (f *faulty) DescribeStacks(
	context.Context,
	*cloudformation.DescribeStacksInput,
	...func(*cloudformation.Options),
) (*cloudformation.DescribeStacksOutput, error) {
	if f.gone {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id line does not exist"}
	}
	if f.begun {
		if len(f.script) == 0 {
			f.tb.Fatal("asked again after the stack was at rest")
		}
		f.status, f.events = f.script[0].status, append(f.events, f.script[0].events...)
		f.script = f.script[1:]
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{
		StackName: aws.String("line"), StackId: aws.String("arn:line"), StackStatus: f.status, StackStatusReason: &f.reason,
		Description: f.description, Tags: f.tags, EnableTerminationProtection: f.protected,
	}}}, nil
}

func (f *faulty) DescribeStackEvents(
	_ context.Context,
	in *cloudformation.DescribeStackEventsInput,
	_ ...func(*cloudformation.Options),
) (*cloudformation.DescribeStackEventsOutput, error) {
	if len(f.failures) > 0 {
		err := f.failures[0]
		if f.failures = f.failures[1:]; err != nil {
			return nil, err
		}
	}
	all := slices.Concat(f.before, f.events)
	slices.Reverse(all)
	from, _ := strconv.Atoi(aws.ToString(in.NextToken)) // the first page has none
	out := &cloudformation.DescribeStackEventsOutput{StackEvents: all[from:]}
	if f.page > 0 && len(out.StackEvents) > f.page {
		out.StackEvents, out.NextToken = out.StackEvents[:f.page], aws.String(strconv.Itoa(from+f.page))
	}
	return out, nil
}

func (f *faulty) ListStackResources(
	context.Context,
	*cloudformation.ListStackResourcesInput,
	...func(*cloudformation.Options),
) (*cloudformation.ListStackResourcesOutput, error) {
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: []types.StackResourceSummary{
		{
			LogicalResourceId:  aws.String("LedgerTable"),
			PhysicalResourceId: aws.String("line-table"),
			ResourceStatus:     types.ResourceStatusDeleteSkipped,
		},
		{
			LogicalResourceId:  aws.String("SignerBucket"),
			PhysicalResourceId: aws.String("line-signer"),
			ResourceStatus:     types.ResourceStatusDeleteComplete,
		},
	}}, nil
}

func (f *faulty) CreateChangeSet(
	context.Context,
	*cloudformation.CreateChangeSetInput,
	...func(*cloudformation.Options),
) (*cloudformation.CreateChangeSetOutput, error) {
	f.tb.Fatal("a change set was created")
	return nil, nil
}

func (f *faulty) DescribeChangeSet(
	context.Context,
	*cloudformation.DescribeChangeSetInput,
	...func(*cloudformation.Options),
) (*cloudformation.DescribeChangeSetOutput, error) {
	out := f.sets[0]
	if len(f.sets) > 1 {
		f.sets = f.sets[1:]
	}
	return out, nil
}

func (f *faulty) ExecuteChangeSet(
	context.Context,
	*cloudformation.ExecuteChangeSetInput,
	...func(*cloudformation.Options),
) (*cloudformation.ExecuteChangeSetOutput, error) {
	f.begun = true
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

func (f *faulty) DeleteChangeSet(
	ctx context.Context,
	_ *cloudformation.DeleteChangeSetInput,
	_ ...func(*cloudformation.Options),
) (*cloudformation.DeleteChangeSetOutput, error) {
	f.discarded = true
	return &cloudformation.DeleteChangeSetOutput{}, ctx.Err()
}

func (f *faulty) DeleteStack(
	context.Context,
	*cloudformation.DeleteStackInput,
	...func(*cloudformation.Options),
) (*cloudformation.DeleteStackOutput, error) {
	f.begun = true
	return &cloudformation.DeleteStackOutput{}, nil
}

// A blind CloudWatch denies reading.
type blind struct{ watcher }

func (blind) GetMetricStatistics(
	context.Context,
	*cloudwatch.GetMetricStatisticsInput,
	...func(*cloudwatch.Options),
) (*cloudwatch.GetMetricStatisticsOutput, error) {
	return nil, &smithy.GenericAPIError{Code: "AccessDenied"}
}

// fauxQueues is an SQS that injects faults; the keys of fail name a queue and an
// operation.
type fauxQueues struct {
	waiting map[string]int
	fail    map[string]error
	returns bool // what is moved comes back
	moved   map[string]int
}

func (f *fauxQueues) stack() *Stack {
	s := &Stack{
		Account:   &Account{Region: "eu-central-1", queues: f, messages: f, parked: f, cloudwatch: blind{}},
		Name:      "line",
		Status:    "CREATE_COMPLETE",
		resources: map[string]string{},
	}
	for _, q := range queues() {
		s.resources[q.LogicalID] = q.LogicalID
	}
	return s
}

func (f *fauxQueues) GetQueueAttributes(
	_ context.Context,
	in *sqs.GetQueueAttributesInput,
	_ ...func(*sqs.Options),
) (*sqs.GetQueueAttributesOutput, error) {
	n := strconv.Itoa(f.waiting[*in.QueueUrl])
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"QueueArn": *in.QueueUrl, "ApproximateNumberOfMessages": n,
		"ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
	}}, f.fail[*in.QueueUrl+" read"]
}

func (f *fauxQueues) GetQueueUrl(
	_ context.Context,
	in *sqs.GetQueueUrlInput,
	_ ...func(*sqs.Options),
) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: in.QueueName}, f.fail[*in.QueueName+" find"]
}

func (f *fauxQueues) ReceiveMessage(
	_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options),
) (*sqs.ReceiveMessageOutput, error) {
	var out sqs.ReceiveMessageOutput
	for n := range min(f.waiting[*in.QueueUrl], 10) {
		body := (stack.DeviceMessage{Import: "i", Entry: n, ThingName: "a", Certificate: []byte("c"), Attempt: 7}).Message(0).Body
		out.Messages = append(out.Messages, sqstypes.Message{Body: &body, ReceiptHandle: aws.String(strconv.Itoa(n))})
	}
	return &out, f.fail[*in.QueueUrl+" receive"]
}

func (f *fauxQueues) SendMessageBatch(
	_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.SendMessageBatchOutput, error) {
	if err := f.fail[*in.QueueUrl+" send"]; err != nil {
		return nil, err
	}
	if f.moved == nil {
		f.moved = map[string]int{}
	}
	var out sqs.SendMessageBatchOutput
	for _, e := range in.Entries {
		f.moved[*in.QueueUrl]++
		out.Successful = append(out.Successful, sqstypes.SendMessageBatchResultEntry{Id: e.Id})
	}
	return &out, nil
}

func (f *fauxQueues) DeleteMessageBatch(
	_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.DeleteMessageBatchOutput, error) {
	if !f.returns {
		f.waiting[*in.QueueUrl] -= len(in.Entries)
	}
	return &sqs.DeleteMessageBatchOutput{}, nil
}

// fauxBuckets is an S3 with a number of versions per bucket.
type fauxBuckets struct {
	objects map[string]int
	refuse  string // the bucket in which nothing can be deleted
	deleted []string
}

func (f *fauxBuckets) ListObjectVersions(
	_ context.Context,
	in *s3.ListObjectVersionsInput,
	_ ...func(*s3.Options),
) (*s3.ListObjectVersionsOutput, error) {
	n, there := f.objects[*in.Bucket]
	if !there {
		return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusNotFound}},
			Err:      &smithy.GenericAPIError{Code: "NoSuchBucket"},
		}}
	}
	return &s3.ListObjectVersionsOutput{Versions: versions(n)}, nil
}

func (f *fauxBuckets) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	if *in.Bucket == f.refuse {
		return &s3.DeleteObjectsOutput{
			Errors: []s3types.Error{{Key: aws.String("reel.csv"), Code: aws.String("AccessDenied"), Message: aws.String("Access Denied")}},
		}, nil
	}
	f.objects[*in.Bucket] -= len(in.Delete.Objects)
	return &s3.DeleteObjectsOutput{}, nil
}

func (f *fauxBuckets) DeleteBucket(_ context.Context, in *s3.DeleteBucketInput, _ ...func(*s3.Options)) (*s3.DeleteBucketOutput, error) {
	f.deleted = append(f.deleted, *in.Bucket)
	return &s3.DeleteBucketOutput{}, nil
}

func versions(n int) []s3types.ObjectVersion {
	list := make([]s3types.ObjectVersion, min(n, 1000))
	for i := range list {
		list[i] = s3types.ObjectVersion{Key: aws.String("reel.csv"), VersionId: aws.String(strconv.Itoa(i))}
	}
	return list
}
