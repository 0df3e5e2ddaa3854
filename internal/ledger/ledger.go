// Package ledger defines the durable record of imports: the imports themselves, the outcome of
// every entry, and the resources that each entry created in AWS.
//
// A ledger records outcomes, not plans. A resumed import decodes its manifests again and skips
// the entries whose outcome stands.
//
// Package ledger/sqlite implements it on one machine, package ledger/dynamodb for the functions
// of a stack. Every implementation passes the test suite in package testkit/ledgertest.
//
// Two mechanisms are shared by everything above a ledger: [Committer] groups writes, and
// [Tally] counts the reasons of outcomes.
package ledger

import (
	"context"
	"iter"
	"time"
)

// A Ledger stores imports. Its methods are safe for concurrent use.
type Ledger interface {
	Reader
	// Begin durably records a new import, in StateRunning and without outcomes. The caller sets
	// ID and Key. An existing ID is an error, but several imports may have the same key. The
	// number of entries in Counts is the sum over Manifests.
	Begin(ctx context.Context, i Import) (Journal, error)
	// Resume opens the journal of an existing import and sets it to StateRunning, without a
	// cause. The error wraps ErrNotFound if there is no such import. A running import is not an
	// error, since its process may have been killed. Each implementation documents whether
	// several processes may open a journal of one import at the same time.
	Resume(ctx context.Context, id string) (Journal, error)
}

// A Reader reads a ledger. Its methods are safe for concurrent use and never block a writer.
type Reader interface {
	// Import returns one import, or an error that wraps ErrNotFound.
	Import(ctx context.Context, id string) (Import, error)
	// Find returns the newest import of a key, or an error that wraps
	// ErrNotFound. [Import.Resumable] reports whether it can be resumed.
	Find(ctx context.Context, key string) (Import, error)
	// Imports yields all imports, newest first. It stops at an error.
	Imports(ctx context.Context) iter.Seq2[Import, error]
	// Records yields the latest record of each entry of an import that has one, in the order of
	// manifest and entry. Each record is from some moment after the iteration began. Every
	// entry that was recorded earlier is included; those that are recorded during the iteration
	// may be. It stops at an error, which wraps ErrNotFound if there is no such import.
	Records(ctx context.Context, id string) iter.Seq2[Record, error]
}

// A Journal receives the records of one running import. Its methods are safe for concurrent
// use. A method that writes returns only after its data is durable, so callers should group
// what they write. A call is atomic for each entry and its counters: after an error some
// entries may have been written, each of them completely, and repeating the call has the same
// result as making it once. If a place is outside the import's manifests or an outcome is
// unknown, the call fails and writes nothing. After Close, every method returns an error that
// wraps ErrClosed.
type Journal interface {
	// Mark records that the entries are in flight: calls for them may have been made since the
	// mark's time. An existing mark stays, because the calls may be as old as that one.
	Mark(ctx context.Context, marks []Mark) error
	// Record records outcomes. A later record of an entry replaces the earlier one in the
	// counts as well, and removes the entry's mark. Repeating a record changes nothing. Steps
	// are not replaced but merged with those of the earlier record by [MergeSteps].
	Record(ctx context.Context, records []Record) error
	// Marked yields the marks of entries that have not been recorded since, in the order of
	// manifest and entry. It stops at an error.
	Marked(ctx context.Context) iter.Seq2[Mark, error]
	// Close records how the run ended. The journal must not be used afterwards.
	Close(ctx context.Context, end End) error
}

// A SettingsReader reads what entries asked for their own devices, from a ledger that keeps it.
type SettingsReader interface {
	// Settings yields what the entries of an import asked for, without those that asked for nothing, in
	// the order of manifest and entry. It stops at an error, which wraps ErrNotFound if there is no such
	// import.
	Settings(ctx context.Context, id string) iter.Seq2[Asked, error]
}

// A SettingsKeeper keeps what entries ask for their own devices, for a ledger without marks. Its methods are safe
// for concurrent use.
type SettingsKeeper interface {
	// KeepSettings durably records what entries of manifest 0 ask for. The caller passes every entry between
	// the first and the last that asks for something, in their order. It may repeat entries in later calls.
	// The error wraps ErrNotFound if there is no such import.
	KeepSettings(ctx context.Context, id string, asked []Asked) error
}

// A BaselineKeeper is a journal that keeps which things existed before the import made its first
// call. Its methods are safe for concurrent use.
type BaselineKeeper interface {
	// RecordBaseline durably records that the things were listed at a time, and which entries have a
	// thing that existed. It writes everything or, with an error, nothing.
	RecordBaseline(ctx context.Context, at time.Time, existed []Place) error
	// Baseline returns what RecordBaseline recorded in this run or an earlier one. The time is zero if
	// it recorded nothing.
	Baseline(ctx context.Context) (at time.Time, existed []Place, err error)
}
