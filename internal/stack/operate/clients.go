package operate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Options of single calls.
type (
	stackOpt     = func(*cloudformation.Options)
	queueOption  = func(*sqs.Options)
	objectOption = func(*s3.Options)
	watchOption  = func(*cloudwatch.Options)
)

// stackReader reads stacks from CloudFormation, as *cloudformation.Client does. For a
// stack that does not exist, the error is a ValidationError whose message contains
// "does not exist". Events are returned newest first.
type stackReader interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...stackOpt) (*cloudformation.DescribeStacksOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...stackOpt) (*cloudformation.DescribeStackEventsOutput,
		error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...stackOpt) (*cloudformation.ListStackResourcesOutput, error)
}

// stackChanger changes stacks, as *cloudformation.Client does. All methods but
// DescribeChangeSet return before the change is made.
type stackChanger interface {
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...stackOpt) (*cloudformation.CreateChangeSetOutput, error)
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...stackOpt) (*cloudformation.DescribeChangeSetOutput, error)
	ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...stackOpt) (*cloudformation.ExecuteChangeSetOutput, error)
	DeleteChangeSet(context.Context, *cloudformation.DeleteChangeSetInput, ...stackOpt) (*cloudformation.DeleteChangeSetOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...stackOpt) (*cloudformation.DeleteStackOutput, error)
}

// stackProtector protects stacks from deletion, as *cloudformation.Client does.
type stackProtector interface {
	UpdateTerminationProtection(context.Context, *cloudformation.UpdateTerminationProtectionInput, ...stackOpt) (
		*cloudformation.UpdateTerminationProtectionOutput, error)
}

// queueReader finds and reads queues, as *sqs.Client does.
type queueReader interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...queueOption) (*sqs.GetQueueAttributesOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...queueOption) (*sqs.GetQueueUrlOutput, error)
}

// messageTaker takes messages out of a queue, as *sqs.Client does.
type messageTaker interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...queueOption) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...queueOption) (*sqs.DeleteMessageBatchOutput, error)
}

// bucketRemover empties and deletes buckets, as *s3.Client does.
type bucketRemover interface {
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...objectOption) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...objectOption) (*s3.DeleteObjectsOutput, error)
	DeleteBucket(context.Context, *s3.DeleteBucketInput, ...objectOption) (*s3.DeleteBucketOutput, error)
}

// watcher reads from CloudWatch, as *cloudwatch.Client does.
type watcher interface {
	GetMetricStatistics(context.Context, *cloudwatch.GetMetricStatisticsInput, ...watchOption) (*cloudwatch.GetMetricStatisticsOutput, error)
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...watchOption) (*cloudwatch.DescribeAlarmsOutput, error)
}
