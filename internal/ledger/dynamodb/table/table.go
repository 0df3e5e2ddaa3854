// Package table is the plumbing of a DynamoDB table with a partition key pk, a
// sort key sk, both strings, and the attribute expires for time to live: calls
// that are made until they succeed, transactions, queries, and values. What the
// items mean is up to the packages that use it: [ledger/dynamodb] keeps imports
// and outcomes, stack/aws/jobtable jobs and claims.
package table

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type option = func(*dynamodb.Options)

// API are the operations of DynamoDB that are called; *dynamodb.Client has
// them. They may be called concurrently.
type API interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...option) (*dynamodb.GetItemOutput, error)
	BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...option) (*dynamodb.BatchGetItemOutput, error)
	Query(ctx context.Context, in *dynamodb.QueryInput, o ...option) (*dynamodb.QueryOutput, error)
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...option) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...option) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options may all be zero.
type Options struct {
	// Retention is how long items are kept after they were written; 0 is for
	// ever. It must be longer than an import takes from its first outcome to
	// its report, which may be weeks if devices are handed back.
	Retention time.Duration
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
}

// A Table is one table. Its methods are safe for concurrent use, in several
// processes at once.
type Table struct {
	client    API
	name      string
	retention time.Duration
	now       func() time.Time
}

// New returns a table that exists. It makes no call.
func New(client API, name string, o Options) *Table {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Table{client: client, name: name, retention: o.Retention, now: o.Now}
}

// Now returns the time by the table's clock.
func (t *Table) Now() time.Time { return t.now() }
