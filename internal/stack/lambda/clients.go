package lambda

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/logging"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/ledger"
)

const (
	// attempts and backoff apply to calls of all services but AWS IoT. What fails
	// longer is handed back, which is cheaper than waiting.
	attempts = 6
	backoff  = 2 * time.Second
)

// clients are the clients of the services around AWS IoT.
type clients struct {
	dynamodb *awsdynamodb.Client
	s3       *s3.Client
	sqs      *sqs.Client
	sns      *sns.Client
	events   *eventbridge.Client
	ssm      *ssm.Client
}

// sdkLog returns a logger that writes the SDK's log lines as JSON. Failures are also
// returned as errors.
func sdkLog(log *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(class logging.Classification, format string, args ...any) {
		log.Debug("AWS SDK", "class", string(class), "text", fmt.Sprintf(format, args...))
	})
}

// newClients reads the SDK's configuration from the environment, including the
// endpoints in AWS_ENDPOINT_URL_… variables. It makes no call.
func newClients(ctx context.Context, log *slog.Logger) (*clients, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(sdkLog(log)), config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, backoff })
	}))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	cfg.HTTPClient = awsiot.NewHTTPClient(cfg.HTTPClient)
	return &clients{
		dynamodb: awsdynamodb.NewFromConfig(cfg), s3: s3.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg),
		events: eventbridge.NewFromConfig(cfg),
		ssm:    ssm.NewFromConfig(cfg),
	}, nil
}

// parameter returns the value of an SSM parameter.
func (c *clients) parameter(ctx context.Context, name string) (string, error) {
	out, err := c.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", fmt.Errorf("parameter %s: %w", name, err)
	}
	return aws.ToString(out.Parameter.Value), nil
}

func openIoT(ctx context.Context) (*awsiot.Client, error) {
	return awsiot.Open(ctx, awsiot.Options{})
}

// targetOf returns the account and region of an invocation, from the ARN of the
// function.
func targetOf(ctx context.Context) (ledger.Target, error) {
	call, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return ledger.Target{}, fmt.Errorf("the invocation has no Lambda context")
	}
	name, err := arn.Parse(call.InvokedFunctionArn)
	if err != nil {
		return ledger.Target{}, fmt.Errorf("ARN of the function %q: %w", call.InvokedFunctionArn, err)
	}
	return ledger.Target{Partition: name.Partition, Account: name.AccountID, Region: name.Region}, nil
}
