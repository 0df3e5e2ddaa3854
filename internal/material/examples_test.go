package material_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingpress/thingpress/internal/material"
)

var update = flag.Bool("update", false, "rewrite the files of examples/")

// TestExamplesAreWhatGenerateMakes also ensures that a seed yields the same bytes
// on other machines, on more cores and in later versions.
func TestExamplesAreWhatGenerateMakes(t *testing.T) {
	t.Parallel()
	for _, example := range []struct {
		file, vendor string
		n            int
	}{
		{"espressif.csv", "espressif", 12},
		{"infineon.7z", "infineon", 6},
		{"microchip.json", "microchip", 8},
		{"generated.txt", "generated", 20},
		{"nxp.json", "nxp", 5},
		{"pem.json", "pem-json", 5},
		{"tpm.xml", "tpm-xml", 5},
		{"nordic-onboard.csv", "csv", 10},
	} {
		t.Run(example.vendor, func(t *testing.T) {
			t.Parallel()
			var out, signer bytes.Buffer
			err := material.Generate(t.Context(), material.Options{
				Vendor: example.vendor, N: example.n, Seed: "examples", Out: &out, SignerOut: &signer,
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, example.file, out.Bytes())
			if signer.Len() > 0 {
				compare(t, "microchip-signer.pem", signer.Bytes())
			}
		})
	}
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "examples", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what generate makes: %d bytes, want %d; run make examples to rewrite it", path, len(got), len(want))
	}
}
