package awsiot

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/smithy-go/middleware"
)

// trim takes steps out of the SDK's stack, which is built anew for each call:
// retries, their headers and spans, logs, and what is kept of an answer for
// them. The engine does the first, and nobody reads the others.
func trim(stack *middleware.Stack) error {
	for _, id := range []string{"ClientRequestID", "RecursionDetection", "SetCredentialSourceMiddleware"} {
		if _, err := stack.Build.Remove(id); err != nil {
			return err
		}
	}
	for _, id := range []string{"spanRetryLoop", "InterceptBeforeRetryLoop", "Retry", "InterceptAttempt", "RetryMetricsHeader"} {
		if _, err := stack.Finalize.Remove(id); err != nil {
			return err
		}
	}
	for _, id := range []string{"AddRawResponseToMetadata", "RequestIDRetriever", "RecordResponseTiming", "RequestResponseLogger"} {
		if _, err := stack.Deserialize.Remove(id); err != nil {
			return err
		}
	}
	return nil
}

// A signer signs by AWS's clock once AWS refused what was signed by ours. The
// SDK's own correction went with its retries.
type signer struct {
	next  sdk.HTTPSignerV4
	clock *clock
}

// SignHTTP implements the SDK's interface.
func (s *signer) SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, at time.Time, options ...func(*v4.SignerOptions)) error {
	if s.clock.corrects.Load() {
		at = s.clock.now().UTC()
	}
	return s.next.SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}
