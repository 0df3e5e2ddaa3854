package table

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mostKeys is how many items one BatchGetItem reads.
const mostKeys = 100

// Get reads an item, no older than the call; it is empty if there is none.
func (t *Table) Get(ctx context.Context, key Item) (Item, error) {
	in := &dynamodb.GetItemInput{TableName: &t.name, Key: key, ConsistentRead: ptr(true)}
	out, err := call(ctx, func() (*dynamodb.GetItemOutput, error) { return t.client.GetItem(ctx, in) })
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// GetAll reads items, no older than the call, in no order. Those that do not
// exist are left out. No key may be given twice.
func (t *Table) GetAll(ctx context.Context, keys []Item) ([]Item, error) {
	var items []Item
	for group := range slices.Chunk(keys, mostKeys) {
		want := map[string]types.KeysAndAttributes{t.name: {Keys: group, ConsistentRead: ptr(true)}}
		for attempt := 1; len(want) > 0; attempt++ {
			in := &dynamodb.BatchGetItemInput{RequestItems: want}
			out, err := call(ctx, func() (*dynamodb.BatchGetItemOutput, error) { return t.client.BatchGetItem(ctx, in) })
			if err != nil {
				return nil, err
			}
			items = append(items, out.Responses[t.name]...)
			if want = out.UnprocessedKeys; len(want) > 0 {
				if _, err := span.Sleep(ctx, attempt); err != nil {
					return nil, err
				}
			}
		}
	}
	return items, nil
}

// A Query says how a partition is read, in the order of its sort key and no
// older than the call.
type Query struct {
	NewestFirst bool
	// Limit is how many items one page has; 0 is a mebibyte.
	Limit int32
	// Filter leaves out items of which it does not hold; empty leaves out none.
	// In it #name stands for the attribute of that name.
	Filter string
}

// Query yields the items of a partition. An error ends it.
func (t *Table) Query(ctx context.Context, partition string, q Query) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		in := &dynamodb.QueryInput{
			TableName:                 &t.name,
			KeyConditionExpression:    ptr(PK + " = :pk"),
			ExpressionAttributeValues: Item{":pk": Str(partition)},
			ConsistentRead:            ptr(true),
			ScanIndexForward:          ptr(!q.NewestFirst),
		}
		if q.Limit > 0 {
			in.Limit = &q.Limit
		}
		if q.Filter != "" {
			in.FilterExpression, in.ExpressionAttributeNames = &q.Filter, names(q.Filter)
		}
		for {
			out, err := call(ctx, func() (*dynamodb.QueryOutput, error) { return t.client.Query(ctx, in) })
			if err != nil {
				yield(nil, err)
				return
			}
			for _, i := range out.Items {
				if !yield(i, nil) {
					return
				}
			}
			if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
				return
			}
		}
	}
}
