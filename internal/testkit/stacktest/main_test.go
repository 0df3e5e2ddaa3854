package stacktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TestMain runs as the function if the tests start it as one.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	switch handler := os.Getenv("_HANDLER"); handler {
	case "echo":
		lambda.Start(echo)
	case "batch":
		lambda.Start(batch)
	case "fail":
		lambda.Start(func() error { return errors.New("no such luck") })
	case "exit":
		lambda.Start(func() { os.Exit(3) })
	case "hang":
		lambda.Start(func() { select {} })
	case "none":
		os.Exit(1)
	}
}

// told is what a function knows about its invocation.
type told struct {
	Event     json.RawMessage
	Process   int
	ARN       string
	Millis    int64
	Inherited bool
	Variable  string
}

func echo(ctx context.Context, event json.RawMessage) (told, error) {
	call, ok := lambdacontext.FromContext(ctx)
	deadline, limited := ctx.Deadline()
	if !ok || !limited {
		return told{}, errors.New("no context of Lambda")
	}
	_, inherited := os.LookupEnv("HOME")
	return told{event, os.Getpid(), call.InvokedFunctionArn, deadline.UnixMilli(), inherited, os.Getenv("VARIABLE")}, nil
}

// batch writes the body of each message to the log and reports the messages that
// ask for it as failed.
func batch(event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, m := range event.Records {
		_, err := fmt.Fprintf(os.Stdout, "%s %s\n", m.Body, m.Attributes["ApproximateReceiveCount"])
		if err != nil {
			return response, err
		}
		if slices.Contains([]string{"bad", m.Attributes["ApproximateReceiveCount"] + " times bad"}, m.Body) {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return response, nil
}
