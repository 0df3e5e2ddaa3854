// Package ledger defines the durable record of imports: which were begun,
// what became of every entry, and what each created in AWS.
//
// A ledger records outcomes, not plans. Resuming an import decodes its
// manifests again and leaves out the entries whose outcome stands.
//
// Package ledger/sqlite implements it on one machine, package ledger/dynamodb
// for the functions of a stack. Package testkit/ledgertest holds the suite that
// every implementation passes.
//
// Next to the interface are the two mechanisms that everything above a ledger
// shares: [Committer] groups what is written, and [Tally] counts why entries have
// their outcomes.
package ledger

import (
	"context"
	"iter"
)

// A Ledger keeps imports. Its methods are safe for concurrent use.
type Ledger interface {
	Reader
	// Begin durably records a new import, in StateRunning and without
	// outcomes. Its ID and Key are set by the caller: an ID that is there
	// already is an error; several imports may have the same key. The
	// number of entries in Counts is the sum over Manifests.
	Begin(ctx context.Context, i Import) (Journal, error)
	// Resume opens the journal of an import that was begun before, and puts
	// it back into StateRunning, without a cause. The error wraps ErrNotFound
	// if there is no such import. A running import is no error: its process may
	// have been killed. Each implementation states whether several processes
	// may have a journal of one import at once.
	Resume(ctx context.Context, id string) (Journal, error)
}

// A Reader reads what a ledger holds. Its methods are safe for concurrent use, and
// none of them holds up a writer.
type Reader interface {
	// Import returns one import, or an error that wraps ErrNotFound.
	Import(ctx context.Context, id string) (Import, error)
	// Find returns the newest import of a key, or an error that wraps
	// ErrNotFound. [Import.Resumable] reports whether it can be resumed.
	Find(ctx context.Context, key string) (Import, error)
	// Imports yields all imports, newest first. An error ends it.
	Imports(ctx context.Context) iter.Seq2[Import, error]
	// Records yields the latest record of each entry of an import that has
	// one, in the order of manifest and entry. Each record is as it was at
	// some moment after the iteration began. Every entry that was recorded
	// before that is there; what is recorded in the meantime may be. An error
	// ends it, and wraps ErrNotFound if there is no such import.
	Records(ctx context.Context, id string) iter.Seq2[Record, error]
}

// A Journal takes the records of one running import. Its methods are safe for
// concurrent use. Every method returns only after what it wrote is durable;
// callers group what they write. A call is atomic for each entry, with the
// counters that it changes: after an error any of its entries may have been
// written, each of them whole, and the same call can be made again, with the
// same result as if it had been made once. A place outside the import's manifests
// and an unknown outcome are errors with which nothing is written. After Close,
// every method returns an error that wraps ErrClosed.
type Journal interface {
	// Mark records that the entries are in flight: calls for them may have
	// been made since the mark's time. A mark that is there already stands,
	// because the calls may be as old as that one.
	Mark(ctx context.Context, marks []Mark) error
	// Record records outcomes. A later record of an entry replaces the
	// earlier one, takes its mark away, and counts in its stead; the same
	// record again changes nothing. Steps are not replaced: the steps that
	// an earlier record of the entry holds are kept as [MergeSteps] says.
	Record(ctx context.Context, records []Record) error
	// Marked yields the marks that no record has taken away, in the order
	// of manifest and entry. An error ends it.
	Marked(ctx context.Context) iter.Seq2[Mark, error]
	// Close records how the run ended. An end that [End.Check] refuses is an
	// error. The journal must not be used afterwards.
	Close(ctx context.Context, end End) error
}
