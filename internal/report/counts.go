package report

import (
	"iter"
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
)

// Outcomes yields how many entries have each outcome, and last how many are
// "pending", in the order in which every surface names them. Pending is passed
// in because the engine counts it and does not derive it.
//
// The sums of [Balance] and the subject and text of the stack's notices are made of it.
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

// Balance writes the invariant with the numbers of one import, such as "7
// entries = 5 imported + 0 unchanged + 1 failed + 1 rejected + 0 skipped + 0
// pending". It is the line that `thingpress import` and `thingpress stack import` print.
func Balance(c ledger.Counts, pending int) string {
	var parts []string
	for what, n := range Outcomes(c, pending) {
		parts = append(parts, progress.Count(n)+" "+what)
	}
	return progress.Count(c.Entries) + " entries = " + strings.Join(parts, " + ")
}
