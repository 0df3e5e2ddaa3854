package ledger

import (
	"cmp"
	"maps"
	"slices"
)

// A Tally counts records by outcome and reason. The zero value is ready to use. It is not safe
// for concurrent use.
//
// All answers to "why were entries not imported" come from it: the engine's for the failures of
// a run and of a comparison, the stack's for notices and `thingpress stack import`.
type Tally struct {
	reasons map[reasonKey]*Reason
}

type reasonKey struct {
	outcome Outcome
	reason  string
}

// A Reason is the reason why some entries have their outcome.
type Reason struct {
	Outcome Outcome
	// Reason is the code in the records.
	Reason string
	// Count is the number of records.
	Count int
	// Examples are the first few records that were added, without their steps; at least one.
	Examples []Record
}

// maxExamples is the number of records that a [Tally] keeps for each reason.
const maxExamples = 3

// Add counts a record, unless it has no reason.
func (t *Tally) Add(r Record) {
	if r.Reason == "" {
		return
	}
	key := reasonKey{r.Outcome, r.Reason}
	known := t.reasons[key]
	if known == nil {
		if t.reasons == nil {
			t.reasons = map[reasonKey]*Reason{}
		}
		known = &Reason{Outcome: r.Outcome, Reason: r.Reason}
		t.reasons[key] = known
	}
	known.Count++
	if len(known.Examples) < maxExamples {
		r.Steps = nil
		known.Examples = append(known.Examples, r)
	}
}

// Merge adds what [Tally.Reasons] of another tally returned.
func (t *Tally) Merge(reasons []Reason) {
	for _, r := range reasons {
		key := reasonKey{r.Outcome, r.Reason}
		known := t.reasons[key]
		if known == nil {
			if t.reasons == nil {
				t.reasons = map[reasonKey]*Reason{}
			}
			known = &Reason{Outcome: r.Outcome, Reason: r.Reason}
			t.reasons[key] = known
		}
		known.Count += r.Count
		known.Examples = append(known.Examples, r.Examples[:min(len(r.Examples), maxExamples-len(known.Examples))]...)
	}
}

// Restore sets an empty tally to what [Tally.Reasons] returned.
func (t *Tally) Restore(reasons []Reason) {
	t.reasons = map[reasonKey]*Reason{}
	for _, r := range reasons {
		t.reasons[reasonKey{r.Outcome, r.Reason}] = &r
	}
}

// Count returns the number of added records with an outcome and a reason.
func (t *Tally) Count(o Outcome, reason string) int {
	if known := t.reasons[reasonKey{o, reason}]; known != nil {
		return known.Count
	}
	return 0
}

// Reasons returns an independent list, most frequent first. Reasons of equal count are ordered
// by outcome and code.
func (t *Tally) Reasons() []Reason {
	list := make([]Reason, 0, len(t.reasons))
	for _, r := range t.reasons {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// ByCount returns the keys of plain counts in the order of [Tally.Reasons].
func ByCount[K cmp.Ordered](counts map[K]int) []K {
	return slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
