package dynamodb

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A query reads a partition in the order of its sort key.
type query struct {
	consistent  bool
	newestFirst bool
	limit       int32 // of one page; 0 is a mebibyte
	filter      string
	names       map[string]string
}

// query yields the items of a partition. An error ends it.
func (l *Ledger) query(ctx context.Context, partition string, q query) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		in := &dynamodb.QueryInput{
			TableName:                 &l.table,
			KeyConditionExpression:    ptr("pk = :pk"),
			ExpressionAttributeValues: item{":pk": str(partition)},
			ConsistentRead:            &q.consistent,
			ScanIndexForward:          ptr(!q.newestFirst),
		}
		if q.limit > 0 {
			in.Limit = &q.limit
		}
		if q.filter != "" {
			in.FilterExpression, in.ExpressionAttributeNames = &q.filter, q.names
		}
		for {
			out, err := call(ctx, func() (*dynamodb.QueryOutput, error) { return l.client.Query(ctx, in) })
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
