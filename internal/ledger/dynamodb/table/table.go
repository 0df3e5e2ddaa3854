// Package table has the basics for a DynamoDB table with a partition key pk and a sort key sk,
// both strings, and the attribute expires for time to live: calls with retries, transactions,
// queries, and values. The packages that use it define the items: [ledger/dynamodb] stores
// imports and outcomes, stack/aws/jobtable jobs and claims.
package table

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type option = func(*dynamodb.Options)

// API are the operations of DynamoDB that the table calls; *dynamodb.Client implements it. They
// may be called concurrently.
type API interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...option) (*dynamodb.GetItemOutput, error)
	BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...option) (*dynamodb.BatchGetItemOutput, error)
	Query(ctx context.Context, in *dynamodb.QueryInput, o ...option) (*dynamodb.QueryOutput, error)
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...option) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...option) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options of a table. The zero value is ready to use.
type Options struct {
	// Retention is the time after their last write for which items are kept; 0 means forever.
	// It must be longer than the time between the first outcome of an import and its report,
	// which may be weeks if devices are handed back.
	Retention time.Duration
	// Now is the clock; nil means [time.Now].
	Now func() time.Time
}

// A Table is one table. Its methods are safe for concurrent use, also by several processes.
type Table struct {
	client    API
	name      string
	retention time.Duration
	now       func() time.Time
}

// New returns an existing table. It makes no calls.
func New(client API, name string, o Options) *Table {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Table{client: client, name: name, retention: o.Retention, now: o.Now}
}

// Now returns the time by the table's clock.
func (t *Table) Now() time.Time { return t.now() }
