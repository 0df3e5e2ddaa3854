package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A Summary is the end of an import. Its JSON form is stable.
type Summary struct {
	// Import is the ID.
	Import string
	// Counts are the outcomes of all entries, those of earlier runs included;
	// Pending is counted, not derived from them.
	Counts  ledger.Counts
	Pending int
	// Took is how long this run took.
	Took time.Duration
	// Worked is how many devices this run imported, found unchanged, or failed.
	Worked int
	// Ceiling is the devices per second that the quotas allow on the path that
	// most devices took; 0 is no limit. Binding is the operation whose quota that is.
	Ceiling float64
	Binding string
	// Calls are those of this run by operation, Throttled and Retries how many of them.
	Calls     map[string]int
	Throttled int
	Retries   int
	// Failures are the failed devices of this run by reason, most frequent first.
	Failures []Failure
}

// A Failure is one reason of failed devices.
type Failure struct {
	// Reason is the stable code; see [Failures].
	Reason string `json:"reason"`
	// Count is how many devices it failed.
	Count int `json:"count"`
	// Example is the sentence of the first of them, Thing its thing name.
	Example string `json:"example"`
	Thing   string `json:"thing_name"`
	// Todo says what to do.
	Todo string `json:"todo"`
}

// Rate is the devices per second of this run.
func (s Summary) Rate() float64 {
	if s.Took <= 0 {
		return 0
	}
	return float64(s.Worked) / s.Took.Seconds()
}

// Complete says whether every entry was imported, unchanged or skipped.
func (s Summary) Complete() bool {
	return s.Pending == 0 && s.Counts.Failed == 0 && s.Counts.Rejected == 0
}

// MarshalJSON encodes the summary line of `thingpress import --output json`.
func (s Summary) MarshalJSON() ([]byte, error) {
	calls := s.Calls
	if calls == nil {
		calls = map[string]int{}
	}
	return json.Marshal(struct {
		Type    string `json:"type"`
		Import  string `json:"import"`
		Entries int    `json:"entries"`

		Imported  int `json:"imported"`
		Unchanged int `json:"unchanged"`
		Failed    int `json:"failed"`
		Rejected  int `json:"rejected"`
		Skipped   int `json:"skipped"`
		Pending   int `json:"pending"`

		Seconds   float64        `json:"seconds"`
		Rate      float64        `json:"devices_per_second"`
		Ceiling   *float64       `json:"ceiling"` // null: no quota limits the path
		Binding   string         `json:"binding_quota"`
		Calls     map[string]int `json:"calls"`
		Throttled int            `json:"throttled"`
		Retries   int            `json:"retries"`
		Failures  []Failure      `json:"failures,omitempty"`
	}{
		"summary", s.Import, s.Counts.Entries,
		s.Counts.Imported, s.Counts.Unchanged, s.Counts.Failed, s.Counts.Rejected, s.Counts.Skipped, s.Pending,
		rounded(s.Took.Seconds()), rounded(s.Rate()), ceilingOrNull(s.Ceiling), s.Binding, calls, s.Throttled, s.Retries, s.Failures,
	})
}

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

func ceilingOrNull(c float64) *float64 {
	if c <= 0 || math.IsInf(c, 1) {
		return nil
	}
	c = rounded(c)
	return &c
}

// balance holds the invariant: entries read = imported + unchanged + failed +
// rejected + skipped + pending, each counted on its own.
func (s Summary) balance() error {
	c := s.Counts
	if sum := c.Imported + c.Unchanged + c.Failed + c.Rejected + c.Skipped + s.Pending; sum != c.Entries {
		return &BalanceError{Detail: fmt.Sprintf("%d entries read, but %d imported + %d unchanged + %d failed + %d rejected + %d skipped + %d pending = %d",
			c.Entries, c.Imported, c.Unchanged, c.Failed, c.Rejected, c.Skipped, s.Pending, sum)}
	}
	return nil
}
