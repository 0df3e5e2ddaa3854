package report

import (
	"math"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Summary is the last line of `thingpress import --output json`. Names and order of its
// fields are those in docs/json.md and are stable. [SummaryOf] sets the fields that the engine
// knows; the command sets those after Failures.
type Summary struct {
	Type string `json:"type"` // "summary"
	// Name is the name of the target, if the command has several.
	Name   string `json:"name,omitempty"`
	Import string `json:"import"`
	ledger.Counts
	Pending   int            `json:"pending"`
	Seconds   float64        `json:"seconds"`
	Rate      float64        `json:"devices_per_second"`
	Ceiling   *float64       `json:"ceiling"` // null if no quota limits the path
	Binding   string         `json:"binding_quota"`
	Calls     map[string]int `json:"calls"`
	Throttled int            `json:"throttled"`
	Retries   int            `json:"retries"`
	Failures  []Failure      `json:"failures,omitempty"`

	State      ledger.State  `json:"state"`
	Target     ledger.Target `json:"target"`
	Alias      string        `json:"alias,omitempty"`
	Rejections []Rejection   `json:"rejections,omitempty"`
	Error      string        `json:"error,omitempty"`
	Hint       string        `json:"hint,omitempty"`

	// UnmatchedOnly and UnmatchedSkip are the lines of --only and --skip that match no device.
	UnmatchedOnly []string `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string `json:"unmatched_skip,omitempty"`
}

// A Failure is one reason of failed devices in the lines of `import` and `plan`.
type Failure struct {
	Reason   string    `json:"reason"`
	Count    int       `json:"count"`
	Example  string    `json:"example"` // detail of the first of them
	Thing    string    `json:"thing_name"`
	Todo     string    `json:"todo"`
	Examples []Example `json:"examples,omitempty"`
}

// A Rejection is one reason of rejected entries in the lines of `import` and `plan`.
type Rejection struct {
	Reason   manifest.Reason `json:"reason"`
	Count    int             `json:"count"`
	Todo     string          `json:"todo"`
	Examples []Example       `json:"examples,omitempty"`
}

// An Example is one of the first entries with a reason.
type Example struct {
	Manifest string `json:"manifest"`
	Entry    int    `json:"entry"`
	Line     int    `json:"line,omitempty"`
	ID       string `json:"id,omitempty"`
	Thing    string `json:"thing_name,omitempty"`
	Detail   string `json:"detail"`
}

// ExamplesOf returns the examples of a reason in the form of JSON lines.
func ExamplesOf(r ledger.Reason, manifests []ledger.Manifest) []Example {
	var list []Example
	for _, record := range r.Examples {
		e := Example{Entry: record.Entry, Line: record.Line, ID: record.ID, Thing: record.ThingName, Detail: record.Detail}
		if record.Manifest < len(manifests) {
			e.Manifest = manifests[record.Manifest].Name
		}
		list = append(list, e)
	}
	return list
}

// SummaryOf returns the line of an import that ended, with the fields that the engine knows.
func SummaryOf(s engine.Summary, manifests []ledger.Manifest) Summary {
	calls := s.Calls
	if calls == nil {
		calls = map[string]int{}
	}
	return Summary{
		Type: "summary", Import: s.Import, Counts: s.Counts, Pending: s.Pending,
		Seconds: Rounded(s.Took.Seconds()), Rate: Rounded(s.Rate()), Ceiling: Ceiling(s.Ceiling), Binding: s.Binding,
		Calls: calls, Throttled: s.Throttled, Retries: s.Retries, Failures: FailuresOf(s.Failures, manifests),
	}
}

// FailuresOf returns the failures of an import or a comparison in the form of JSON lines.
func FailuresOf(reasons []ledger.Reason, manifests []ledger.Manifest) []Failure {
	var list []Failure
	for _, r := range reasons {
		list = append(list, Failure{
			Reason: r.Reason, Count: r.Count, Example: r.Examples[0].Detail, Thing: r.Examples[0].ThingName,
			Todo: advice.For(r.Reason, advice.CLI).Todo, Examples: ExamplesOf(r, manifests),
		})
	}
	return list
}

// RejectionsOf returns the rejected entries of a scan by reason, most frequent first. Todo
// returns the remedy for a reason.
func RejectionsOf(reasons map[manifest.Reason]int, todo func(manifest.Reason) string) []Rejection {
	var list []Rejection
	for _, reason := range ledger.ByCount(reasons) {
		list = append(list, Rejection{Reason: reason, Count: reasons[reason], Todo: todo(reason)})
	}
	return list
}

// Ceiling returns devices per second in the form of JSON lines, nil if nothing limits them.
func Ceiling(devicesPerSecond float64) *float64 {
	if devicesPerSecond <= 0 || math.IsInf(devicesPerSecond, 1) {
		return nil
	}
	rounded := Rounded(devicesPerSecond)
	return &rounded
}

// Rounded rounds to three decimals, as in JSON lines.
func Rounded(x float64) float64 { return math.Round(x*1000) / 1000 }
