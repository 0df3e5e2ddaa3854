// Package dynamodb implements [ledger.Ledger] on one table of Amazon DynamoDB, for functions
// that work on one import concurrently. The same table may contain items of other packages.
//
// # Exactness
//
// One item per entry contains mark and record. A record and the change of a counter are written
// in one transaction (TransactWriteItems), conditional on the version of the entry's item.
// Counters are therefore exact even if several functions record the same outcome several times.
//
// # Keys
//
// See keys.go.
package dynamodb

import (
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// Options of a ledger. The zero value is ready to use.
type Options struct {
	// Settled keeps the outcome of an entry if it stands and a later record is failed or
	// rejected. If a message is delivered twice, the delivery that ends last may not know
	// better.
	Settled bool
	// Shards is the number of counters of an import, 16 by default. With several counters,
	// concurrent functions rarely update the same one.
	Shards int
}

// A Ledger is a ledger in a table. Several ledgers, also in several processes, may use the same
// table and the same import. All methods are safe for concurrent use.
type Ledger struct {
	table   *table.Table
	shards  int
	settled bool
}

var (
	_ ledger.Ledger         = (*Ledger)(nil)
	_ ledger.SettingsKeeper = (*Ledger)(nil)
	_ ledger.SettingsReader = (*Ledger)(nil)
)

// New returns the ledger in a table. It makes no calls.
func New(t *table.Table, o Options) *Ledger {
	if o.Shards <= 0 {
		o.Shards = 16
	}
	return &Ledger{table: t, shards: o.Shards, settled: o.Settled}
}
