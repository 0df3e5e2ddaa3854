package dynamodb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mostActions is how many actions one transaction takes (TransactWriteItems).
const mostActions = 100

const (
	backoffFirst = 20 * time.Millisecond
	backoffMost  = 2 * time.Second
)

// transact writes all of it or nothing. What was in the way of an action whose
// condition does not hold is returned by its index, as the item was; held is
// nil where everything was written. Transactions that met others are tried
// again until ctx ends. The SDK's token lets an attempt whose answer was lost
// count once.
func (l *Ledger) transact(ctx context.Context, actions []types.TransactWriteItem) (held map[int]item, err error) {
	for attempt := 0; ; attempt++ {
		_, err := l.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
		if err == nil {
			return nil, nil
		}
		again := false
		var cancelled *types.TransactionCanceledException
		if errors.As(err, &cancelled) {
			held = map[int]item{}
			for i, reason := range cancelled.CancellationReasons {
				switch code := deref(reason.Code); code {
				case "", "None":
				case "ConditionalCheckFailed":
					held[i] = reason.Item
				case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
					again = true
				default:
					return nil, err
				}
			}
			if len(held) > 0 {
				return held, nil
			}
		}
		var running *types.TransactionInProgressException
		var busy *types.TransactionConflictException
		if !again && !errors.As(err, &running) && !errors.As(err, &busy) {
			return nil, err
		}
		if err := rest(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// rest waits before another attempt, with full jitter.
func rest(ctx context.Context, attempt int) error {
	most := min(backoffFirst<<min(attempt, 10), backoffMost)
	timer := time.NewTimer(rand.N(most)) //nolint:gosec // spreads attempts
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// putNew puts an item where none is.
func (l *Ledger) putNew(i item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &l.table, Item: i,
		ConditionExpression:                 ptr("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// putAny puts an item whatever is there.
func (l *Ledger) putAny(i item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: &l.table, Item: i}}
}

func ptr[T any](v T) *T { return &v }
