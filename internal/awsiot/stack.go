package awsiot

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/smithy-go/middleware"
)

// trim removes steps from the SDK's stack, which is built again for each call: retries, which
// the engine makes, and headers, spans, logs and metadata, which nobody reads.
func trim(stack *middleware.Stack) error {
	return errors.Join(
		remove(stack.Build.Remove, "ClientRequestID", "RecursionDetection", "SetCredentialSourceMiddleware"),
		remove(stack.Finalize.Remove, "spanRetryLoop", "InterceptBeforeRetryLoop", "Retry", "InterceptAttempt", "RetryMetricsHeader"),
		remove(stack.Deserialize.Remove, "AddRawResponseToMetadata", "RequestIDRetriever", "RecordResponseTiming", "RequestResponseLogger"),
	)
}

func remove[Step any](from func(id string) (Step, error), ids ...string) error {
	for _, id := range ids {
		if _, err := from(id); err != nil {
			return err
		}
	}
	return nil
}

// A signer signs with AWS's time after AWS refused the machine's. The SDK's own correction is
// part of its retryer, which is off.
type signer struct {
	next  sdk.HTTPSignerV4
	clock *clock
}

// SignHTTP implements the SDK's interface.
func (s *signer) SignHTTP(
	ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, at time.Time,
	options ...func(*v4.SignerOptions),
) error {
	if s.clock.corrects.Load() {
		at = s.clock.now().UTC()
	}
	return s.next.SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}
