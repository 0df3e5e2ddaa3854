// Package dynamodb implements [ledger.Ledger] on one table of Amazon DynamoDB,
// for functions that work on one import side by side. Beside outcomes the table
// holds what these functions agree by: jobs with their leases and checkpoints
// (jobs.go, lease.go), and claims of names and certificates (claims.go).
//
// # Exactness
//
// One item per entry holds mark and record. A record and the counter that it
// changes are written in one transaction (TransactWriteItems), conditional on
// the version of the entry's item, so that counters are exact however often, and
// from however many functions at once, the same outcome comes.
//
// # Keys
//
// The table has a partition key pk and a sort key sk, both strings, and the
// attribute expires for time to live. See keys.go.
package dynamodb

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/thingpress/thingpress/internal/ledger"
)

// API are the operations of DynamoDB that a ledger calls; *dynamodb.Client has
// them. They may be called concurrently.
type API interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options may all be zero.
type Options struct {
	// Retention is how long items are kept after they were written; 0 is for
	// ever. It must be longer than an import takes from its first outcome to
	// its report, which may be weeks where devices are handed back. Claims are
	// kept for [ClaimsKept] in any case.
	Retention time.Duration
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
	// Settled keeps the outcome of an entry that stands where a later record says
	// that it failed or is rejected: of two deliveries of one message the one that
	// ends last need not know best.
	Settled bool
	// Shards is the number of counters of an import, 16 by default: functions
	// that record at once seldom meet at the same one.
	Shards int
}

// ClaimsKept is how long claims are kept: longer than any message lives, in its
// queue, among the dead letters, and parked.
const ClaimsKept = 60 * 24 * time.Hour

// A Ledger is a ledger in a table. Several of them, in several processes, may
// work on the same table and the same import. All methods are safe for concurrent use.
type Ledger struct {
	client    API
	table     string
	retention time.Duration
	now       func() time.Time
	shards    int
	settled   bool
}

var _ ledger.Ledger = (*Ledger)(nil)

// New returns the ledger in a table that exists. It makes no call.
func New(client API, table string, o Options) *Ledger {
	l := &Ledger{client: client, table: table, retention: o.Retention, now: o.Now, shards: o.Shards, settled: o.Settled}
	if l.now == nil {
		l.now = time.Now
	}
	if l.shards <= 0 {
		l.shards = 16
	}
	return l
}
