package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
)

// MostActions is the maximum number of actions in one transaction, and MostBytes the maximum
// size of their items, well below DynamoDB's 4 MB (API_TransactWriteItems.html).
const (
	MostActions = 100
	MostBytes   = 3 << 20
)

// A Refusal describes why a transaction wrote nothing.
type Refusal struct {
	// Held are the existing items that violate a condition, by the index of the action.
	Held map[int]Item
	// Busy are the actions whose items another transaction was using. Nothing is known about
	// their conditions.
	Busy map[int]bool
}

// Transact makes all actions or none. A refusal is not an error; it is nil if everything was
// written. A transaction that only collided with others is retried until ctx ends. If an answer
// is lost, the retry uses the same token, so that the transaction takes effect only once.
func (t *Table) Transact(ctx context.Context, actions []types.TransactWriteItem) (*Refusal, error) {
	token := uuid.NewString()
	return call(ctx, func() (*Refusal, error) {
		_, err := t.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions, ClientRequestToken: &token})
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			return nil, err
		}
		token = uuid.NewString() // this attempt certainly had no effect
		r := &Refusal{Held: map[int]Item{}, Busy: map[int]bool{}}
		for i, reason := range cancelled.CancellationReasons {
			switch code := aws.ToString(reason.Code); {
			case code == "" || code == "None":
			case code == "ConditionalCheckFailed":
				r.Held[i] = reason.Item
			case busyCode(code):
				r.Busy[i] = true
			default:
				return nil, fmt.Errorf("%w: action %d: %s", err, i, aws.ToString(reason.Message))
			}
		}
		if len(r.Held) > 0 {
			return r, nil
		}
		return nil, err
	})
}

// PutNew returns the action that puts an item if none has its key.
func (t *Table) PutNew(i Item) types.TransactWriteItem {
	put := t.PutIf(i, "attribute_not_exists(pk)", nil)
	put.Put.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	return put
}

// PutIf returns the action that puts an item on a condition, or always if the condition is
// empty.
func (t *Table) PutIf(i Item, condition string, values Item) types.TransactWriteItem {
	put := &types.Put{TableName: &t.name, Item: i, ExpressionAttributeValues: values}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}

// PutAny returns the action that puts an item and replaces an existing one.
func (t *Table) PutAny(i Item) types.TransactWriteItem { return t.PutIf(i, "", nil) }

// Delete returns the action that deletes an item.
func (t *Table) Delete(key Item) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &t.name, Key: key}}
}

// DeleteIf returns the action that deletes an item on a condition.
func (t *Table) DeleteIf(key Item, condition string, values Item) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &t.name, Key: key, ConditionExpression: &condition, ExpressionAttributeValues: values,
	}}
}
