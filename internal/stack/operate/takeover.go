package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// existing precedes the logical ID of a resource in the name of the parameter with which a stack
// takes over what an earlier one kept.
const existing = "Existing"

// takenOver returns what the parameters of a stack take over, as names by logical ID.
func takenOver(parameters map[string]string) map[string]string {
	found := map[string]string{}
	for name, value := range parameters {
		if logical, ok := strings.CutPrefix(name, existing); ok && value != "" {
			found[logical] = value
		}
	}
	return found
}

// TakeOver returns the parameters with which a new stack takes over what this one kept.
func TakeOver(kept []Kept) []string {
	var parameters []string
	for _, k := range kept {
		parameters = append(parameters, existing+k.LogicalID+"="+k.Name)
	}
	return parameters
}

// An UnusableError is returned for a bucket or table that a stack cannot take over.
type UnusableError struct{ Parameter, Name, Problem string }

// Error returns the parameter and the problem.
func (e *UnusableError) Error() string {
	return fmt.Sprintf("%s: %s %s", e.Parameter, e.Name, e.Problem)
}

// checkExisting checks that what the parameters take over is there and usable.
func (a *Account) checkExisting(ctx context.Context, parameters map[string]string) error {
	found := takenOver(parameters)
	for _, logical := range slices.Sorted(maps.Keys(found)) {
		name, look := found[logical], a.bucketProblem
		if logical == ledgerTable {
			look = a.tableProblem
		}
		problem, err := look(ctx, name)
		if err != nil {
			return fmt.Errorf("%s%s: %w", existing, logical, err)
		}
		if problem != "" {
			return &UnusableError{Parameter: existing + logical, Name: name, Problem: problem}
		}
	}
	return nil
}

func (a *Account) tableProblem(ctx context.Context, name string) (string, error) {
	out, err := a.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	var gone *dynamodbtypes.ResourceNotFoundException
	if errors.As(err, &gone) {
		return "does not exist in " + a.Region, nil
	}
	if err != nil {
		return "", err
	}
	var keys []string
	for _, k := range out.Table.KeySchema {
		keys = append(keys, aws.ToString(k.AttributeName))
	}
	if !slices.Equal(keys, []string{"pk", "sk"}) {
		return "is not a ledger of Thingpress; its key is " + strings.Join(keys, ", "), nil
	}
	return "", nil
}

func (a *Account) bucketProblem(ctx context.Context, name string) (string, error) {
	_, err := a.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &a.ID})
	if status(err) == http.StatusNotFound {
		return "does not exist", nil
	}
	return "", err
}

// FeedFromExisting makes the buckets that the stack took over keep versions and notify its queue,
// because CloudFormation changes nothing about them. It can be called repeatedly. It drops notifications of
// queues that no longer exist, which S3 would refuse, and keeps all others.
func (s *Stack) FeedFromExisting(ctx context.Context) error {
	found := takenOver(s.Parameters)
	for _, logical := range slices.Sorted(maps.Keys(found)) {
		if logical == ledgerTable {
			continue
		}
		if err := s.keepVersions(ctx, found[logical]); err != nil {
			return err
		}
		if !slices.ContainsFunc(vendors.Names(), func(vendor string) bool { return stack.BucketResource(vendor) == logical }) {
			continue // no manifests are put into it
		}
		queue, err := s.queueARN(ctx, "ManifestsQueue")
		if err == nil {
			err = s.notifyQueue(ctx, found[logical], queue)
		}
		if err != nil {
			return fmt.Errorf("events of bucket %s: %w", found[logical], err)
		}
	}
	return nil
}

func (s *Stack) notifyQueue(ctx context.Context, bucket, queue string) error {
	out, err := s.s3.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{
		Bucket: &bucket, ExpectedBucketOwner: &s.ID,
	})
	if err != nil {
		return err
	}
	var kept []types.QueueConfiguration
	for _, c := range out.QueueConfigurations {
		if aws.ToString(c.QueueArn) == queue {
			return nil
		}
		there, err := s.queueExists(ctx, aws.ToString(c.QueueArn))
		if err != nil {
			return err
		}
		if there {
			kept = append(kept, c)
		}
	}
	_, err = s.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, ExpectedBucketOwner: &s.ID, NotificationConfiguration: &types.NotificationConfiguration{
			EventBridgeConfiguration: out.EventBridgeConfiguration, LambdaFunctionConfigurations: out.LambdaFunctionConfigurations,
			TopicConfigurations: out.TopicConfigurations,
			QueueConfigurations: append(kept, types.QueueConfiguration{QueueArn: &queue, Events: []types.Event{types.EventS3ObjectCreated}}),
		},
	})
	return err
}

// queueExists reports whether a queue exists. It looks only into the account and region of the stack.
func (s *Stack) queueExists(ctx context.Context, queue string) (bool, error) {
	parts := strings.Split(queue, ":")
	if len(parts) != 6 || parts[3] != s.Region || parts[4] != s.ID {
		return true, nil
	}
	_, err := s.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parts[5]})
	var gone *sqstypes.QueueDoesNotExist
	if errors.As(err, &gone) {
		return false, nil
	}
	return err == nil, err
}
