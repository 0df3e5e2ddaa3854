package engine

import (
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons of skipped entries.
const (
	ReasonRepeated manifest.Reason = "repeated"
	ReasonFiltered manifest.Reason = "filtered"
)

// A Relation is how a device relates to the earlier ones.
type Relation int

// Relations of a device to those of an [Index].
const (
	Accepted      Relation = iota // no earlier entry has this certificate or this name
	Repeated                      // an earlier entry has both: an identical repetition
	Contradictory                 // an earlier entry has one of both, but not the other
	Unknown                       // no accepted entry is this device
)

// Relate returns how the entry self relates to the entries that own its
// certificate and its thing name, -1 for none. It also returns the entry that
// self repeats or contradicts.
func Relate(self, byCertificate, byName int) (r Relation, earlier int) {
	switch {
	case byCertificate == byName && (byName < 0 || byName == self):
		return Accepted, 0
	case byCertificate == byName:
		return Repeated, byName
	case byCertificate >= 0 && byCertificate != self:
		return Contradictory, byCertificate
	}
	return Contradictory, byName
}

// Verdict returns the outcome, reason and detail of an entry that repeats or
// contradicts an earlier one. Earlier names that entry.
func (r Relation) Verdict(earlier string) (ledger.Outcome, manifest.Reason, string) {
	if r == Repeated {
		return ledger.Skipped, ReasonRepeated, "the same certificate and thing name as " + earlier
	}
	return ledger.Rejected, manifest.ReasonContradiction,
		"an earlier entry has the same certificate or the same thing name, but not both: " + earlier
}
