package report

import (
	"iter"
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
)

// Outcomes yields the number of entries with each outcome, in the order used everywhere, and
// then the number of "pending" ones. Pending is a parameter because the engine counts it
// instead of deriving it.
//
// [Balance] and the stack's notices use it.
func Outcomes(c ledger.Counts, pending int) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, o := range ledger.Outcomes() {
			if !yield(string(o), c.Of(o)) {
				return
			}
		}
		yield("pending", pending)
	}
}

// LaterBalance is [Balance] for a later command. Outcomes without entries are left out, except "changed".
func LaterBalance(c ledger.Counts, pending int) string {
	var parts []string
	for _, o := range ledger.LaterOutcomes() {
		if n := c.Of(o); n > 0 || o == ledger.Changed {
			parts = append(parts, progress.Count(n)+" "+string(o))
		}
	}
	if pending > 0 {
		parts = append(parts, progress.Count(pending)+" pending")
	}
	return progress.Plural(c.Entries, "entry", "entries") + " = " + strings.Join(parts, " + ")
}

// Balance formats the counts of one import as an equation, such as "7 entries = 5 imported + 0
// unchanged + 1 failed + 1 rejected + 0 skipped + 0 pending". `thingpress import` and
// `thingpress stack import` print it.
func Balance(c ledger.Counts, pending int) string {
	var parts []string
	for what, n := range Outcomes(c, pending) {
		parts = append(parts, progress.Count(n)+" "+what)
	}
	return progress.Plural(c.Entries, "entry", "entries") + " = " + strings.Join(parts, " + ")
}
