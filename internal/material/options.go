package material

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// maxEntries is the number of entries that four bytes can distinguish, or that fits in 32 bits.
const maxEntries = math.MaxInt32

// Options configure what is generated.
type Options struct {
	// Vendor is one of [Vendors].
	Vendor string
	// N is the number of entries.
	N int
	// Seed is any text, from which everything is derived.
	Seed string
	// Key is the kind of the devices' keys; if empty, EC. Infineon's E0E0 and E0E1
	// always have EC keys, and E0E2 has RSA keys.
	Key Key
	// Bundles are the bundles of an Infineon archive. If empty, they are E0E0 and
	// E0E1, and for RSA also E0E2, whose keys take 50 ms each.
	Bundles []string
	// Defects is the share of faulty or odd entries, from 0 to 1.
	Defects float64

	// Out receives the manifest.
	Out io.Writer
	// Expected receives one [Expectation] per entry as a line of JSON; may be nil.
	Expected io.Writer
	// SignerOut receives the certificate that signed a Microchip manifest, as PEM; may be nil.
	SignerOut io.Writer
	// KeysDir is the directory for private keys, with one PKCS #8 file <thing
	// name>.key of mode 0600 for each device. If it is empty no key is written.
	KeysDir string
	// TempDir is the directory for the parts of an unfinished Infineon archive; if
	// empty, [os.TempDir].
	TempDir string
	// Progress, if set, is called with the number of finished entries, from time
	// to time and at the end, from one goroutine at a time.
	Progress func(done int)
}

// An OptionsError reports that [Options] are invalid.
type OptionsError struct{ text string }

// Error returns what is wrong.
func (e *OptionsError) Error() string { return "generate: " + e.text }

func wrong(format string, args ...any) error {
	return &OptionsError{fmt.Sprintf(format, args...)}
}

// complete returns the format, and o with defaults, or an error if o is invalid.
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
		return f, o, wrong("%d entries: must be 1 to %d", o.N, maxEntries)
	case o.Key != EC && o.Key != RSA:
		return f, o, wrong("key %q is neither %s nor %s", o.Key, EC, RSA)
	case !(o.Defects >= 0 && o.Defects <= 1): // also for NaN
		return f, o, wrong("share of defects %v: must be 0 to 1", o.Defects)
	case o.Out == nil:
		return f, o, wrong("no output")
	}
	for i, b := range o.Bundles {
		if !slices.Contains(f.Bundles, b) || slices.Contains(o.Bundles[:i], b) {
			return f, o, wrong("bundles %s: must be some of %s, each once", strings.Join(o.Bundles, ", "), strings.Join(f.Bundles, ", "))
		}
	}
	return f, o, nil
}
