package awsiot

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// A Call is one attempt of a call of AWS, for a log. It contains no credentials and no bodies.
type Call struct {
	// Begun is when the attempt began, Took is how long it took.
	Begun time.Time
	Took  time.Duration
	// Service is the SDK's ID of the service, such as IoT; Operation is AWS's name.
	Service, Operation string
	// Host, Method and Path are those of the request, without its query; empty if none was sent.
	Host, Method, Path string
	// Status is that of the answer, or 0. RequestID identifies the call for AWS support.
	Status    int
	RequestID string
	// Code is AWS's error code. Err is the error with all causes; it is empty if the call succeeded.
	Code, Err string
}

type callsKey struct{}

// WithCalls returns a context for [Open] and [LoadConfig] whose clients report every attempt of a
// call. Report must be safe for concurrent use and return soon, since the call waits for it.
func WithCalls(ctx context.Context, report func(Call)) context.Context {
	return context.WithValue(ctx, callsKey{}, calls(report))
}

// calls reports every attempt of a call. It implements [middleware.FinalizeMiddleware].
type calls func(Call)

func callsOf(ctx context.Context) calls {
	report, _ := ctx.Value(callsKey{}).(calls)
	return report
}

// add puts the report between the retries of the SDK and everything that one attempt does.
func (report calls) add(stack *middleware.Stack) error {
	return stack.Finalize.Insert(report, "ResolveAuthScheme", middleware.Before)
}

// ID implements [middleware.FinalizeMiddleware].
func (report calls) ID() string { return "ThingpressCalls" }

type callKey struct{}

// HandleFinalize implements [middleware.FinalizeMiddleware].
func (report calls) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	made := &Call{
		Begun: time.Now(), Service: awsmiddleware.GetServiceID(ctx), Operation: awsmiddleware.GetOperationName(ctx),
	}
	out, metadata, err := next.HandleFinalize(context.WithValue(ctx, callKey{}, made), in)
	made.Took = time.Since(made.Begun)
	if err != nil {
		made.Err = withoutSecrets(err.Error())
		var answered smithy.APIError
		if errors.As(err, &answered) && answered.ErrorCode() != unknownCode {
			made.Code = answered.ErrorCode()
		}
	}
	report(*made)
	return out, metadata, err
}

// noteAnswer adds a request and its answer, if there is one, to the report of its call.
func noteAnswer(request *http.Request, response *http.Response) {
	made, ok := request.Context().Value(callKey{}).(*Call)
	if !ok {
		return
	}
	made.Host, made.Method, made.Path = request.URL.Host, request.Method, request.URL.Path
	if response == nil {
		return
	}
	made.Status = response.StatusCode
	for _, name := range [...]string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := response.Header.Get(name); id != "" {
			made.RequestID = id
		}
	}
}

var (
	pemBlock = regexp.MustCompile(`(?s)-----BEGIN .*?(-----END [A-Z0-9 ]+-----|$)`)
	// AWS repeats the signed headers, among them the session token, if a signature is wrong.
	canonical = regexp.MustCompile(`(?s)\s*The Canonical String for this request should have been.*`)
)

// withoutSecrets removes from the text of an error what AWS repeats of a request: PEM, and headers.
func withoutSecrets(text string) string {
	if !strings.Contains(text, "-----BEGIN ") && !strings.Contains(text, "Canonical") {
		return text
	}
	return canonical.ReplaceAllString(pemBlock.ReplaceAllString(text, "(PEM)"), "")
}
