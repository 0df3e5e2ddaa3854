package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/backoff"
)

// span is the time between the attempts of a call.
var span = backoff.Span{First: 20 * time.Millisecond, Most: 2 * time.Second}

// mostFaults is the number of retries after faults other than a lack of capacity, in addition
// to those of the SDK.
const mostFaults = 5

// call makes a call of DynamoDB until it succeeds or fails for good. It retries calls that were
// throttled, or that collided with a transaction, until ctx ends.
func call[Out any](ctx context.Context, do func() (Out, error)) (Out, error) {
	for attempt, faults := 1, 0; ; attempt++ {
		out, err := do()
		if err == nil || ctx.Err() != nil {
			return out, err
		}
		if !busy(err) {
			if faults++; faults > mostFaults || !passing(err) {
				return out, err
			}
		}
		if _, ended := span.Sleep(ctx, attempt); ended != nil {
			return out, fmt.Errorf("%w; last answer: %w", ended, err)
		}
	}
}

// busy reports whether a call was refused only because of other activity in the table.
func busy(err error) bool {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		// Transact returns this error only if no action has another code.
		return slices.ContainsFunc(cancelled.CancellationReasons, func(r types.CancellationReason) bool {
			return busyCode(aws.ToString(r.Code))
		})
	}
	var conflict *types.TransactionConflictException
	var running *types.TransactionInProgressException
	return errors.As(err, &conflict) || errors.As(err, &running) ||
		retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// busyCode reports whether an action of a transaction was refused only because of other
// activity in the table.
func busyCode(code string) bool {
	return code == "TransactionConflict" || code == "ThrottlingError" || code == "ProvisionedThroughputExceeded"
}

// passing reports whether the SDK considers an error temporary, such as status 500 or a broken
// connection.
func passing(err error) bool {
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}
