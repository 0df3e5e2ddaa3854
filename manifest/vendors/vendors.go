// Package vendors puts the decoders of all vendors together: it finds out
// whose manifest a file is, and decodes it.
//
// A new vendor is one package and one line in [Decoders].
package vendors

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/generated"
	"github.com/thingpress/thingpress/manifest/infineon"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// Decoders returns the decoder of every vendor, in the order of their names.
func Decoders() []manifest.Decoder {
	return []manifest.Decoder{
		espressif.Decoder{},
		generated.Decoder{},
		infineon.Decoder{},
		microchip.Decoder{},
	}
}

// Names returns the names of the vendors.
func Names() []string {
	var names []string
	for _, d := range Decoders() {
		names = append(names, d.Vendor())
	}
	return names
}

// Lookup returns the decoder of the vendor of that name.
func Lookup(name string) (manifest.Decoder, error) {
	for _, d := range Decoders() {
		if d.Vendor() == name {
			return d, nil
		}
	}
	return nil, fmt.Errorf("no vendor %q; there are %s", name, strings.Join(Names(), ", "))
}

// Decode detects whose manifest in is and yields its entries, as
// [manifest.Decoder] says. An error of [Detect] is the only element.
func Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		decoder, err := Detect(in)
		if err != nil {
			yield(manifest.Device{}, err)
			return
		}
		decoder.Decode(ctx, in, opts)(yield)
	}
}
