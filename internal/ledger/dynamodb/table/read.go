package table

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mostKeys is the maximum number of items in one BatchGetItem.
const mostKeys = 100

// Get reads an item, no older than the call. The item is empty if it does not exist.
func (t *Table) Get(ctx context.Context, key Item) (Item, error) {
	in := &dynamodb.GetItemInput{TableName: &t.name, Key: key, ConsistentRead: new(true)}
	out, err := call(ctx, func() (*dynamodb.GetItemOutput, error) { return t.client.GetItem(ctx, in) })
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// GetAll reads items, no older than the call, in any order. It leaves out those that do not
// exist. The keys must be distinct.
func (t *Table) GetAll(ctx context.Context, keys []Item) ([]Item, error) {
	var items []Item
	for group := range slices.Chunk(keys, mostKeys) {
		want := map[string]types.KeysAndAttributes{t.name: {Keys: group, ConsistentRead: new(true)}}
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

// A Query selects items of a partition. They are read in the order of the sort key and are no
// older than the call.
type Query struct {
	NewestFirst bool
	// Limit is the number of items on one page; 0 means one mebibyte of items.
	Limit int32
	// Filter is a condition that items must meet; empty means all items. In it #name is the
	// attribute of that name, and :name a value.
	Filter string
	Values Item
}

// Query yields the items of a partition. It stops at an error.
func (t *Table) Query(ctx context.Context, partition string, q Query) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		in := &dynamodb.QueryInput{
			TableName:                 &t.name,
			KeyConditionExpression:    new(PK + " = :pk"),
			ExpressionAttributeValues: With(Item{":pk": Str(partition)}, q.Values),
			ConsistentRead:            new(true),
			ScanIndexForward:          new(!q.NewestFirst),
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
