package vendors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/manifest/vendors"
)

// elsewhere has the rows of the catalogue that no manifest can show.
var elsewhere = map[string]string{
	"G6": "about what Azure's registry exports, which holds thumbprints and no certificates: not one of our formats",
	"G7": "about Azure's device IDs, which are not in any format of ours",
	"G9": "about a certificate that a device reports to Azure: not one of our formats",
}

// Every row of the catalogue needs a vector that proves it.
func TestEveryRowOfTheCatalogueHasAVector(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, v := range loadVectors(t) {
		have[v.Row] = true
	}
	for _, rows := range []struct {
		letter, group string
		last          int
	}{
		{"M", "microchip", 33},
		{"I", "infineon", 18},
		{"C", "espressif", 16},
		{"X", "certificate", 15},
		{"G", "generated", 9},
		{"N", "nxp", 10},
		{"J", "pem-json", 7},
		{"T", "tpm-xml", 9},
	} {
		if _, err := os.Stat(filepath.Join(vectorDir, rows.group)); err != nil {
			// The vectors of a group must exist as soon as its vendor does.
			if slices.Contains(vendors.Names(), rows.group) {
				t.Errorf("no vectors for the rows %s: %v", rows.letter, err)
			}
			continue
		}
		for n := 1; n <= rows.last; n++ {
			row := fmt.Sprintf("%s%d", rows.letter, n)
			why, other := elsewhere[row]
			switch {
			case !have[row] && !other:
				t.Errorf("row %s has no vector", row)
			case have[row] && other:
				t.Errorf("row %s has a vector, but is listed as %s", row, why)
			}
		}
	}
}
