package engine

import (
	"strings"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons of skipped entries.
const (
	ReasonRepeated manifest.Reason = "repeated"
	ReasonFiltered manifest.Reason = "filtered"
)

// Owners are the entries that own the vendor ID, the certificate and the thing name
// of a device; -1 for none.
type Owners struct{ ID, Certificate, Name int }

// A Relation is how a device relates to the earlier ones.
type Relation int

// Relations of a device to those of an [Index].
const (
	Accepted      Relation = iota // no earlier entry shares anything with it
	Repeated                      // an earlier entry is equal: an identical repetition
	Contradictory                 // an earlier entry shares something with it, and is not equal
	Unknown                       // no accepted entry is this device
)

// A Match is a relation to one earlier entry.
type Match struct {
	Relation Relation
	// Earlier is the entry that the device repeats or contradicts, and the next
	// three are what both have in common.
	Earlier               int
	ID, Certificate, Name bool
	// OtherID is set if the vendor IDs of both are known to differ.
	OtherID bool
}

// Relate returns how the entry self relates to the owners of what identifies it.
// otherID reports whether an owner is known to have another vendor ID.
func (o Owners) Relate(self int, otherID func(owner int) bool) Match {
	free := func(owner int) bool { return owner < 0 || owner == self }
	if free(o.ID) && free(o.Certificate) && free(o.Name) {
		return Match{}
	}
	m := Match{Relation: Contradictory}
	switch {
	case !free(o.Certificate):
		m.Earlier = o.Certificate
	case !free(o.Name):
		m.Earlier = o.Name
	default:
		m.Earlier = o.ID
	}
	m.OtherID = otherID(m.Earlier)
	m.ID, m.Certificate, m.Name = o.ID == m.Earlier, o.Certificate == m.Earlier, o.Name == m.Earlier
	if m.Certificate && m.Name && !m.OtherID && (m.ID || free(o.ID)) {
		m.Relation = Repeated
	}
	return m
}

// Verdict returns the outcome, reason and detail of an entry that repeats or
// contradicts an earlier one. Earlier names that entry. The validities of both
// certificates are part of the detail if they are known and the certificates differ.
func (m Match) Verdict(earlier string, theirs, ours Validity) (ledger.Outcome, manifest.Reason, string) {
	if m.Relation == Repeated {
		return ledger.Skipped, ReasonRepeated, "the same certificate and thing name as " + earlier
	}
	var shared, other []string
	for _, part := range []struct {
		name           string
		common, differ bool
	}{
		{"vendor ID", m.ID, m.OtherID},
		{"certificate", m.Certificate, !m.Certificate},
		{"thing name", m.Name, !m.Name},
	} {
		switch {
		case part.common:
			shared = append(shared, part.name)
		case part.differ:
			other = append(other, part.name)
		}
	}
	detail := earlier + " has the same " + strings.Join(shared, " and ") + ", but another " + strings.Join(other, " and another ")
	if !m.Certificate && theirs != (Validity{}) && ours != (Validity{}) {
		detail += "; its certificate is valid from " + theirs.String() + ", this one from " + ours.String()
	}
	return ledger.Rejected, manifest.ReasonContradiction, detail
}

// isRenewal reports whether a contradiction looks like two certificates of one
// device: one name, no different vendor IDs, and validities that begin more than a
// week apart. Devices whose certificates share a name by mistake are made together.
func (m Match) isRenewal(theirs, ours Validity) bool {
	const week = 7
	apart := max(theirs.from, ours.from)-min(theirs.from, ours.from) > week
	return m.Relation == Contradictory && m.Name && !m.Certificate && !m.OtherID && apart
}
