package material

import (
	"context"
	"crypto"
)

// A Format makes manifests with the layout of one vendor's.
type Format struct {
	// Name is that of the format in package manifest/vendors.
	Name string
	// Signs is set if entries are signed, so Options.SignerOut gets a certificate.
	Signs bool
	// Bundles are those that Options.Bundles can choose from.
	Bundles []string
	write   func(ctx context.Context, o Options, s seed) error
}

// Formats are those that can be generated.
func Formats() []Format {
	return []Format{espressifFormat, infineonFormat, microchipFormat, linesFormat}
}

// Vendors are the names of the formats.
func Vendors() []string { return names(func(Format) bool { return true }) }

// Signed are the names of the formats whose entries are signed.
func Signed() []string { return names(func(f Format) bool { return f.Signs }) }

// Bundled are the names of the formats that have bundles.
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

// A source makes the entries of one manifest. E is a pointer that embeds the
// entry's certificate. Its methods are safe for concurrent use.
type source[E entry] interface {
	// entry returns a good entry, and the key of its certificate.
	entry(i int) (E, crypto.Signer)
	// defects lists what can be wrong or odd about an entry, apart from its certificate.
	defects() []defect[E]
	// render returns an entry as it stands in the manifest.
	render(e E) []byte
}

type entry interface {
	comparable
	leaf() *draft
}

func (d *draft) leaf() *draft { return d }
