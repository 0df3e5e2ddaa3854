// Package operate deploys, monitors and deletes a stack from outside, with the
// credentials of an operator.
//
// It finds a stack by its name in CloudFormation. It finds buckets, queues, table and
// functions by their logical IDs in the template, because CloudFormation chose their
// names.
package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/queue"
)

// Options select an endpoint and credentials of AWS. The zero value stands for the
// defaults of the SDK.
type Options struct {
	// Region and Profile override the environment and the shared files.
	Region, Profile string
	// Endpoint is the base URL for all services; empty for AWS.
	Endpoint string
	// Version of Thingpress, for the User-Agent header.
	Version string
}

// An Account is an account and region, with clients. Its methods are safe for
// concurrent use.
type Account struct {
	// ID is the account's number, Partition aws, aws-cn or aws-us-gov.
	ID, Partition, Region string
	// Caller is the ARN of the user or role whose credentials are used.
	Caller string

	plain      bool // the endpoint has no TLS
	stacks     stackReader
	changes    stackChanger
	protector  stackProtector
	queues     queueReader
	parked     messageTaker
	messages   queue.API
	buckets    bucketRemover
	cloudwatch watcher
	topics     sns.ListSubscriptionsByTopicAPIClient
	dynamodb   *dynamodb.Client
	s3         *s3.Client
}

// Open loads credentials, and asks AWS for their account.
func Open(ctx context.Context, o Options) (*Account, error) {
	cfg, err := awsiot.LoadConfig(ctx, awsiot.Options{Region: o.Region, Profile: o.Profile, Endpoint: o.Endpoint, Version: o.Version})
	if err != nil {
		return nil, err
	}
	who, err := awsiot.AccountOf(ctx, sts.NewFromConfig(cfg))
	if err != nil {
		return nil, fmt.Errorf("find the account of the credentials: %w", err)
	}
	stacks, queues := cloudformation.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	// An endpoint other than AWS may not know buckets by host name.
	objects := s3.NewFromConfig(cfg, func(so *s3.Options) { so.UsePathStyle = so.BaseEndpoint != nil })
	return &Account{
		ID: who.ID, Partition: who.Partition, Region: cfg.Region, Caller: who.Caller,
		// The environment and the shared files can name an endpoint as well.
		plain:  strings.HasPrefix(aws.ToString(objects.Options().BaseEndpoint), "http://"),
		stacks: stacks, changes: stacks, protector: stacks,
		queues:     queues,
		messages:   queues,
		parked:     queues,
		buckets:    objects,
		cloudwatch: cloudwatch.NewFromConfig(cfg),
		topics:     sns.NewFromConfig(cfg),
		dynamodb:   dynamodb.NewFromConfig(cfg),
		s3:         objects,
	}, nil
}

// ErrNoStack is returned if no stack has the name.
var ErrNoStack = errors.New("there is no such stack")

// A Stack is a stack that exists.
type Stack struct {
	*Account
	Name string
	// Status is CloudFormation's, and Reason its explanation, if there is one.
	Status, Reason string
	// Version is the version of Thingpress that deployed the stack; empty if another program did,
	// or version 0.1.0.
	Version string
	// Parameters are the values with which the stack was deployed, Tags those of the stack, which
	// CloudFormation gives to its resources.
	Parameters, Tags map[string]string
	// Protected is set while CloudFormation refuses to delete the stack.
	Protected bool

	id        string            // its ARN, which no other stack ever has
	resources map[string]string // physical IDs by logical ID
	types     map[string]string // CloudFormation's, by logical ID
}

// Find returns the stack with a name. The error wraps [ErrNoStack] if there is none.
func (a *Account) Find(ctx context.Context, name string) (*Stack, error) {
	out, err := a.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if missing(err) || err == nil && len(out.Stacks) == 0 {
		return nil, fmt.Errorf("stack %s in %s: %w", name, a.Region, ErrNoStack)
	}
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", name, err)
	}
	found := &Stack{
		Account: a, Name: name, id: aws.ToString(out.Stacks[0].StackId),
		Status: string(out.Stacks[0].StackStatus), Reason: aws.ToString(out.Stacks[0].StackStatusReason),
		Parameters: map[string]string{}, Tags: map[string]string{}, Protected: aws.ToBool(out.Stacks[0].EnableTerminationProtection),
		resources: map[string]string{}, types: map[string]string{},
	}
	for _, tag := range out.Stacks[0].Tags {
		found.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	_, found.Version, _ = strings.Cut(aws.ToString(out.Stacks[0].Description), versionMark)
	for _, p := range out.Stacks[0].Parameters {
		found.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	pages := cloudformation.NewListStackResourcesPaginator(a.stacks, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("stack %s: list its resources: %w", name, err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus == types.ResourceStatusDeleteComplete { // rolled back stacks list them
				continue
			}
			id := aws.ToString(r.LogicalResourceId)
			found.resources[id], found.types[id] = aws.ToString(r.PhysicalResourceId), aws.ToString(r.ResourceType)
		}
	}
	maps.Copy(found.resources, takenOver(found.Parameters))
	return found, nil
}

// missing reports whether err means that CloudFormation has no such stack.
func missing(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}

// ledgerTable is the logical ID of the ledger.
const ledgerTable = "LedgerTable"

// PhysicalID returns the physical ID of a resource of the template; empty if there is
// none.
func (s *Stack) PhysicalID(logical string) string { return s.resources[logical] }

// resource returns the physical ID of a resource of the template: the name of
// a bucket, table or function, the URL of a queue, the ARN of a topic.
func (s *Stack) resource(logical string) (string, error) {
	id := s.resources[logical]
	if id == "" {
		return "", fmt.Errorf("stack %s has no %s (it is %s): is it a Thingpress stack, and completely deployed?", s.Name, logical, s.Status)
	}
	return id, nil
}

// Bucket returns the name of a bucket: that of a vendor, "signer" or "reports".
func (s *Stack) Bucket(of string) (string, error) {
	return s.resource(stack.BucketResource(of))
}

// WayOut returns what to do about a stack that a failed deployment or deletion left
// in its status; empty if there is nothing to do.
func (s *Stack) WayOut() string { return wayOut(s.Name, types.StackStatus(s.Status)) }
