package engine

import (
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A Summary is the result of a run.
type Summary struct {
	// Import is the ID; empty for a batch.
	Import string
	// Counts are the outcomes of all entries, including those of earlier runs.
	// Pending is counted independently, not derived from them.
	Counts  ledger.Counts
	Pending int
	// Took is how long this run took.
	Took time.Duration
	// Worked is how many devices of this run were imported, unchanged or failed.
	Worked int
	// Ceiling is the rate that the quotas allow on the path that most devices
	// took, in devices per second; 0 means no limit. Binding is the operation
	// whose quota that is.
	Ceiling float64
	Binding string
	// Tally counts the calls of this run.
	call.Tally
	// Failures are the failed devices of this run by reason, most frequent first, and those of which
	// a later command kept something.
	Failures []ledger.Reason
}

// Rate is the devices per second of this run.
func (s Summary) Rate() float64 {
	if s.Took <= 0 {
		return 0
	}
	return float64(s.Worked) / s.Took.Seconds()
}

// Complete reports whether every entry was imported, changed, unchanged or skipped.
func (s Summary) Complete() bool {
	return s.Pending == 0 && s.Counts.Failed == 0 && s.Counts.Rejected == 0 && s.Counts.Kept == 0
}

// balance checks the invariant: entries read = imported + unchanged + failed +
// rejected + skipped + changed + kept + pending, each counted independently.
func (s Summary) balance() error {
	c := s.Counts
	if sum := c.Entries - c.Pending() + s.Pending; sum != c.Entries {
		return &BalanceError{Detail: fmt.Sprintf(
			"%d entries read, but %d imported + %d unchanged + %d failed + %d rejected + %d skipped + %d changed + %d kept + %d pending = %d",
			c.Entries, c.Imported, c.Unchanged, c.Failed, c.Rejected, c.Skipped, c.Changed, c.Kept, s.Pending, sum)}
	}
	return nil
}

// Finished is the last event.
type Finished struct {
	Summary Summary
	Err     error
}

func (Finished) event() {}

// summarize returns the summary of a run without its ceiling.
func summarize(id string, started time.Time, caller *call.Caller, b *book) Summary {
	s := Summary{Import: id, Took: time.Since(started), Pending: b.pending(), Failures: b.reasons(), Tally: caller.Tally()}
	s.Counts, s.Worked = b.numbers()
	return s
}
