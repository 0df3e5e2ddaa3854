package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
)

// mostActions is how many actions one transaction takes, and mostBytes what
// their items may add up to, with room to DynamoDB's 4 MB (API_TransactWriteItems.html).
const (
	mostActions = 100
	mostBytes   = 3 << 20
)

// A refusal says why nothing of a transaction was written.
type refusal struct {
	// held are the items that are in the way, by the index of the action whose
	// condition does not hold.
	held map[int]item
	// busy are actions whose items another transaction was at: about their
	// conditions nothing is known.
	busy map[int]bool
}

// transact writes all of it or nothing; a refusal is not an error, and there is
// none where everything was written. Transactions that only met others are
// tried again until ctx ends. An answer that was lost is asked for again with
// the same token, so that what had its effect is not done twice.
func (l *Ledger) transact(ctx context.Context, actions []types.TransactWriteItem) (*refusal, error) {
	token := uuid.NewString()
	return call(ctx, func() (*refusal, error) {
		_, err := l.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions, ClientRequestToken: &token})
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			return nil, err
		}
		token = uuid.NewString() // this attempt had no effect for certain
		r := &refusal{held: map[int]item{}, busy: map[int]bool{}}
		for i, reason := range cancelled.CancellationReasons {
			switch code := deref(reason.Code); code {
			case "", "None":
			case "ConditionalCheckFailed":
				r.held[i] = reason.Item
			case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
				r.busy[i] = true
			default:
				return nil, fmt.Errorf("%w: action %d: %s", err, i, deref(reason.Message))
			}
		}
		if len(r.held) > 0 {
			return r, nil
		}
		return nil, err
	})
}

// update makes a change of one item that stands when it is made twice.
func (l *Ledger) update(ctx context.Context, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	return call(ctx, func() (*dynamodb.UpdateItemOutput, error) { return l.client.UpdateItem(ctx, in) })
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
