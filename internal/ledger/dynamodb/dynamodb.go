// Package dynamodb implements [ledger.Ledger] on one table of Amazon DynamoDB,
// for functions that work on one import side by side. The same table may hold
// items of other packages.
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
// See keys.go.
package dynamodb

import (
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// Options may all be zero.
type Options struct {
	// Settled keeps the outcome of an entry that stands if a later record has it
	// failed or rejected: of two deliveries of one message the one that ends
	// last need not know best.
	Settled bool
	// Shards is the number of counters of an import, 16 by default: functions
	// that record at once seldom meet at the same one.
	Shards int
}

// A Ledger is a ledger in a table. Several of them, in several processes, may
// work on the same table and the same import. All methods are safe for concurrent use.
type Ledger struct {
	table   *table.Table
	shards  int
	settled bool
}

var _ ledger.Ledger = (*Ledger)(nil)

// New returns the ledger in a table. It makes no call.
func New(t *table.Table, o Options) *Ledger {
	if o.Shards <= 0 {
		o.Shards = 16
	}
	return &Ledger{table: t, shards: o.Shards, settled: o.Settled}
}
