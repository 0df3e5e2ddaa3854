package material

import (
	"context"
	"crypto"
)

// A Format describes a vendor's manifests for the generator.
type Format struct {
	// Name is the name of the format in package manifest/vendors.
	Name string
	// Signs is set if entries are signed, so that Options.SignerOut receives a certificate.
	Signs bool
	// Bundles are the valid values of Options.Bundles.
	Bundles []string
	write   func(ctx context.Context, o Options, s seed) error
}

// Formats returns all formats that can be generated.
func Formats() []Format {
	return []Format{csvFormat, espressifFormat, infineonFormat, microchipFormat, linesFormat, nxpFormat, pemJSONFormat, tpmFormat}
}

// Vendors returns the names of the formats.
func Vendors() []string { return names(func(Format) bool { return true }) }

// Signed returns the names of the formats whose entries are signed.
func Signed() []string { return names(func(f Format) bool { return f.Signs }) }

// Bundled returns the names of the formats that have bundles.
func Bundled() []string { return names(func(f Format) bool { return len(f.Bundles) > 0 }) }

func names(of func(Format) bool) []string {
	var found []string
	for _, f := range Formats() {
		if of(f) {
			found = append(found, f.Name)
		}
	}
	return found
}

// A source makes the entries of one manifest. E is a pointer type that embeds the
// entry's certificate. The methods are safe for concurrent use.
type source[E entry] interface {
	// entry returns a good entry, and the key of its certificate.
	entry(i int) (E, crypto.Signer)
	// defects returns the possible defects of an entry, apart from those of its certificate.
	defects() []defect[E]
	// render returns an entry as it is written to the manifest.
	render(e E) []byte
}

type entry interface {
	comparable
	leaf() *draft
}

func (d *draft) leaf() *draft { return d }
