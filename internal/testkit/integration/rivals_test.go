package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// settle corrects the expectations of entries that claim the same name or
// certificate. The first one to arrive wins, and a queue has no order, so these
// entries may have the expected outcomes in a different order. Records are those
// of the entries of got.
func settle(want, got []outcome, records map[int]ledger.Record) {
	rivals := map[string][]int{} // by what they claim
	for entry, r := range records {
		if r.Outcome == ledger.Rejected && r.Reason != "contradiction" {
			continue
		}
		for _, claim := range []string{"thing " + r.ThingName, "certificate " + r.CertificateID.String(), "chip " + r.ID} {
			if !strings.HasSuffix(claim, " ") {
				rivals[claim] = append(rivals[claim], entry)
			}
		}
	}
	for _, entries := range rivals {
		if len(entries) > 1 && slices.Equal(kinds(want, entries), kinds(got, entries)) {
			for _, entry := range entries {
				got[entry] = want[entry]
			}
		}
	}
}

// kinds returns the outcomes of some entries, sorted.
func kinds(of []outcome, entries []int) (outcomes []ledger.Outcome) {
	for _, entry := range entries {
		outcomes = append(outcomes, of[entry].Outcome)
	}
	slices.Sort(outcomes)
	return outcomes
}

// A lenient comparison would hide a lost device.
func TestOnlyRivalsMayChangePlaces(t *testing.T) {
	t.Parallel()
	imported, skipped := outcome{Outcome: ledger.Imported}, outcome{Outcome: ledger.Skipped}
	contradiction, expired := outcome{ledger.Rejected, "contradiction"}, outcome{ledger.Rejected, "expired"}
	record := func(o outcome, thing, certificate string) ledger.Record {
		return ledger.Record{Outcome: o.Outcome, Reason: o.Reason, ThingName: thing, CertificateID: manifest.CertificateIDOf([]byte(certificate))}
	}
	for name, c := range map[string]struct {
		want, got []outcome
		records   map[int]ledger.Record
		settled   bool
	}{
		"the second of two equals came first": {
			[]outcome{imported, skipped},
			[]outcome{skipped, imported},
			map[int]ledger.Record{0: record(skipped, "a", "1"), 1: record(imported, "a", "1")},
			true,
		},
		"the second of two with one certificate came first": {
			[]outcome{imported, contradiction},
			[]outcome{contradiction, imported},
			map[int]ledger.Record{0: record(contradiction, "a", "1"), 1: record(imported, "b", "1")},
			true,
		},
		"neither of two equals was imported": {
			[]outcome{imported, skipped},
			[]outcome{skipped, skipped},
			map[int]ledger.Record{0: record(skipped, "a", "1"), 1: record(skipped, "a", "1")},
			false,
		},
		"strangers": {
			[]outcome{imported, skipped},
			[]outcome{skipped, imported},
			map[int]ledger.Record{0: record(skipped, "a", "1"), 1: record(imported, "b", "2")},
			false,
		},
		"a bad entry in the place of a good one": {
			[]outcome{imported, expired},
			[]outcome{expired, imported},
			map[int]ledger.Record{0: record(expired, "a", "1"), 1: record(imported, "a", "1")},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settle(c.want, c.got, c.records)
			if settled := cmp.Equal(c.want, c.got); settled != c.settled {
				t.Errorf("settled: %v, want %v", settled, c.settled)
			}
		})
	}
}
