package operate

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/thingpress/thingpress/internal/backoff"
)

// patience is how long AWS may fail to answer while we follow an operation:
// CloudFormation continues meanwhile, and we only do not see it.
const patience = 10 * time.Minute

// patiently repeats a request until there is an answer. It retries throttling and
// transient errors for longer than the SDK does, and returns any other error
// immediately.
func patiently[Out any](ctx context.Context, ask func(context.Context) (Out, error)) (Out, error) {
	begun := time.Now()
	for {
		out, err := ask(ctx)
		if err == nil || ctx.Err() != nil || !passing(err) || time.Since(begun) >= patience {
			return out, err
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return out, err
		}
	}
}

// passing reports whether a later request may succeed.
func passing(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}
