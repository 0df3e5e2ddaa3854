package vendors_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/microchip"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// FuzzCut looks for manifests that crash the cutting of entries, that yield more than they have, or
// whose private keys are cut out.
func FuzzCut(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add(v.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range vendors.Formats() {
			if format.Cut == nil {
				continue
			}
			in := input(string(data))
			whole := decode(t, format, in, manifest.Options{})
			n := len(whole.entries)
			var out bytes.Buffer
			written, err := format.Cut(t.Context(), in, manifest.Options{}, func(entry int) bool { return entry%2 == 0 }, &out)
			switch {
			case manifest.ReasonOf(whole.final) == manifest.ReasonPrivateKey:
				if err == nil {
					t.Fatalf("%s: entries were cut out of a manifest with a private key", format.Vendor())
				}
			case err != nil:
				if out.Len() > 0 {
					t.Fatalf("%s: %v", format.Vendor(), err)
				}
			case written != (n+1)/2 || out.Len() > len(data)+(2+ownArmour)*written+4:
				t.Fatalf("%s: %d of %d entries, %d bytes of %d", format.Vendor(), written, n, out.Len(), len(data))
			case written > 0 && format.Vendor() != "generated": // in which the entries around one count
				again := decode(t, format, input(out.String()), manifest.Options{})
				if len(again.entries) != written {
					t.Fatalf("%s: %d of %d entries became %d, %v: %q", format.Vendor(), written, n, len(again.entries), again.final, out.Bytes())
				}
			}
		}
	})
}

// ownArmour is the armour that a certificate gets that was one of several in a PKCS #7 container.
const ownArmour = len("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")

// Entries that are not objects, and space between entries, must not be collected in memory. The test is
// not parallel because it measures what the whole process allocates.
func TestHostileEntriesAreCutInLittleMemory(t *testing.T) {
	const numbers, size, limit = 5_000, 16 << 20, 24 << 20
	text := "[{}" + strings.Repeat(",1", numbers) + strings.Repeat(" ", size) + ",{}]"
	var out counter
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	written, err := microchip.Format().Cut(t.Context(), input(text), manifest.Options{}, func(entry int) bool { return entry > 0 }, &out)
	runtime.ReadMemStats(&after)
	if want := len("[\n{}") + numbers*len(",\n1") + len("\n]\n"); err != nil || written != numbers+1 || int(out) != want {
		t.Errorf("%d entries, %d bytes, want %d: %v", written, out, want, err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > limit {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(text []byte) (int, error) {
	*c += counter(len(text))
	return len(text), nil
}
