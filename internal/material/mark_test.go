package material

import (
	"bytes"
	"slices"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A device of an example must not get into an account only because its issuer was renamed, or its
// certificate lost the comment.
func TestMaterialIsKnownByItsIssuerAndByItsComment(t *testing.T) {
	t.Parallel()
	for _, vendor := range Vendors() {
		var out, signer bytes.Buffer
		o := Options{Vendor: vendor, N: 1, Seed: "mark", Out: &out}
		if slices.Contains(Signed(), vendor) {
			o.SignerOut = &signer
		}
		if err := Generate(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		in := manifest.Input{Name: vendor, Reader: bytes.NewReader(out.Bytes()), Size: int64(out.Len())}
		decoder, err := vendors.Detect(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var options manifest.Options
		if signer.Len() > 0 {
			options.Signers = signersOf(t, signer.Bytes())
		}
		for d, err := range decoder.Decode(t.Context(), in, options) {
			if err != nil {
				t.Fatal(err)
			}
			renamed, bare, neither := *d.Certificate, *d.Certificate, *d.Certificate
			renamed.Issuer.Organization, renamed.Issuer.CommonName = nil, "a vendor"
			bare.Extensions = nil
			neither.Issuer, neither.Extensions = renamed.Issuer, nil
			for name, known := range map[string]bool{
				"whole":   d.IsTestMaterial(),
				"renamed": (&manifest.Device{Certificate: &renamed}).IsTestMaterial(),
				"bare":    (&manifest.Device{Certificate: &bare}).IsTestMaterial(),
				"neither": !(&manifest.Device{Certificate: &neither}).IsTestMaterial(),
			} {
				if !known {
					t.Errorf("%s: %s", vendor, name)
				}
			}
		}
	}
}
