package table

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestCallsAreMadeAgainAsLongAsItHelps(t *testing.T) {
	t.Parallel()
	conflict := new("TransactionConflict")
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for name, test := range map[string]struct {
		err  error
		most int // attempts; 0 means until the context ends
	}{
		"throttled":       {&types.ThrottlingException{}, 0},
		"out of capacity": {&types.ProvisionedThroughputExceededException{}, 0},
		"transaction conflict": {
			&types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{}, {Code: conflict}}},
			0,
		},
		"met a transaction":     {&types.TransactionConflictException{}, 0},
		"the same is under way": {&types.TransactionInProgressException{}, 0},
		"connection reset":      {reset, 1 + mostFaults},
		"no such table":         {&types.ResourceNotFoundException{}, 1},
		"condition":             {&types.ConditionalCheckFailedException{}, 1},
		"cancelled for good": {
			&types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: new("ValidationError")}}},
			1,
		},
		"an error of nobody's":    {errors.New("no"), 1},
		"cancelled, nobody knows": {&types.TransactionCanceledException{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const limit = 10 * time.Minute
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				began, attempts := time.Now(), 0
				_, err := call(ctx, func() (struct{}, error) {
					attempts++
					return struct{}{}, test.err
				})
				if !errors.Is(err, test.err) {
					t.Errorf("error %v does not wrap %v", err, test.err)
				}
				if test.most > 0 {
					if attempts != test.most || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%d attempts, want %d: %v", attempts, test.most, err)
					}
					return
				}
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != limit {
					t.Errorf("ended after %v: %v", time.Since(began), err)
				}
				// On average a pause is half of the span.
				if least, most := int(limit/span.Most), 4*int(limit/span.Most); attempts < least || attempts > most {
					t.Errorf("%d attempts in %v", attempts, limit)
				}
			})
		})
	}
}

func TestCallThatSucceedsLateIsNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got, err := call(t.Context(), func() (int, error) {
			if time.Since(began) < time.Minute {
				return 0, &types.ThrottlingException{}
			}
			return 7, nil
		})
		if got != 7 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	})
}
