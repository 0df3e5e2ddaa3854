package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// Numbers that are derived from a ledger must be those that plan showed before the import.
func TestPortionsOfALedgerAreThoseOfTheScan(t *testing.T) {
	t.Parallel()
	const n = 22
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	scan, err := engine.Scan(t.Context(), w.asking(n, byLine), w.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for entry := range n {
		text, err := engine.RowText(byLine(entry))
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			asked[text]++
		}
	}
	asked[`{"attributes":["line"]}`] = 1 // it asks for nothing that others do not get
	kept, err := engine.PortionsOf(w.settings, asked, n)
	if err != nil {
		t.Fatal(err)
	}
	texts := func(list []engine.Portion) (texts []string) {
		for _, p := range list {
			texts = append(texts, fmt.Sprintf("%q %q %s: %d", p.Attachments.Policies, p.Attachments.ThingGroups, p.Status, p.Devices))
		}
		slices.Sort(texts)
		return texts
	}
	if diff := cmp.Diff(texts(scan.Portions()), texts(kept)); diff != "" || len(kept) != 4 {
		t.Errorf("(-scan +ledger):\n%s", diff)
	}
}
