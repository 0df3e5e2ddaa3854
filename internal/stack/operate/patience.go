package operate

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/thingpress/thingpress/internal/backoff"
)

// patience is how long AWS may go without an answer while something is
// followed: CloudFormation works on meanwhile, and only the sight of it is lost.
const patience = 10 * time.Minute

// patiently asks until there is an answer. What is throttled or breaks is
// asked again, beyond what the SDK does; any other error is returned at once.
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

// passing reports whether the same question may be answered later.
func passing(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}
