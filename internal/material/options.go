package material

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxEntries is how many entries differ in the four bytes that tell them apart.
const maxEntries = 1 << 31

// Options choose what is generated.
type Options struct {
	// Vendor is one of [Vendors].
	Vendor string
	// N is the number of entries.
	N int
	// Seed is any text; everything is derived from it.
	Seed string
	// Key is the kind of the devices' keys; empty is EC. Infineon's E0E0 and
	// E0E1 are EC and its E0E2 is RSA always.
	Key Key
	// Bundles are those of an Infineon archive. Empty is E0E0 and E0E1, with
	// RSA also E0E2, whose keys take 50 ms each.
	Bundles []string
	// Defects is the share of entries that are made wrong or odd, from 0 to 1.
	Defects float64

	// Out takes the manifest.
	Out io.Writer
	// Expected takes one [Expectation] per entry as a line of JSON; may be nil.
	Expected io.Writer
	// SignerOut takes the certificate that signed a Microchip manifest, as
	// PEM; may be nil.
	SignerOut io.Writer
	// KeysDir is the directory that takes private keys, one PKCS #8 file
	// <thing name>.key of mode 0600 for each device. Without it no key is
	// written.
	KeysDir string
	// TempDir holds the parts of an Infineon archive until it is complete;
	// empty is [os.TempDir].
	TempDir string
	// Progress, if set, is told how many entries are done, now and then and
	// at the end. It is called from one goroutine at a time.
	Progress func(done int)
}

// An OptionsError means that [Options] ask for something impossible.
type OptionsError struct{ text string }

// Error returns what is wrong.
func (e *OptionsError) Error() string { return "generate: " + e.text }

func wrong(format string, args ...any) error {
	return &OptionsError{fmt.Sprintf(format, args...)}
}

// complete returns the format and o with defaults, or what is wrong with it.
func (o Options) complete() (Format, Options, error) {
	i := slices.Index(Vendors(), o.Vendor)
	if i < 0 {
		return Format{}, o, wrong("vendor %q is not one of %s", o.Vendor, strings.Join(Vendors(), ", "))
	}
	f := Formats()[i]
	o.Key = cmp.Or(o.Key, EC)
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	if o.Expected == nil {
		o.Expected = io.Discard
	}
	switch {
	case o.N < 1 || o.N > maxEntries:
		return f, o, wrong("%d entries: 1 to %d can be made", o.N, maxEntries)
	case o.Key != EC && o.Key != RSA:
		return f, o, wrong("key %q is neither %s nor %s", o.Key, EC, RSA)
	case !(o.Defects >= 0 && o.Defects <= 1): // also NaN
		return f, o, wrong("a share of defects of %v: 0 to 1 is possible", o.Defects)
	case o.Out == nil:
		return f, o, wrong("nowhere to write to")
	}
	for i, b := range o.Bundles {
		if !slices.Contains(f.Bundles, b) || slices.Contains(o.Bundles[:i], b) {
			return f, o, wrong("bundles %s: each of %s can be given once", strings.Join(o.Bundles, ", "), strings.Join(f.Bundles, ", "))
		}
	}
	return f, o, nil
}
