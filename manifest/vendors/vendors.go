// Package vendors has the table of all formats. It detects the vendor of a
// manifest and decodes it.
//
// A new vendor needs one package and one line in [Formats].
package vendors

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/csv"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/generated"
	"github.com/thingpress/thingpress/manifest/infineon"
	"github.com/thingpress/thingpress/manifest/microchip"
	"github.com/thingpress/thingpress/manifest/nxp"
	"github.com/thingpress/thingpress/manifest/pemjson"
	"github.com/thingpress/thingpress/manifest/tpmxml"
)

// Formats returns all formats, sorted by name.
func Formats() []manifest.Format {
	return []manifest.Format{
		csv.Format(),
		espressif.Format(),
		generated.Format(),
		infineon.Format(),
		microchip.Format(),
		nxp.Format(),
		pemjson.Format(),
		tpmxml.Format(),
	}
}

// Names returns the names of the formats.
func Names() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Vendor())
	}
	return names
}

// Lookup returns the format with a name, such as espressif. The error for an unknown one lists all names.
func Lookup(name string) (manifest.Format, error) {
	for _, f := range Formats() {
		if f.Vendor() == name {
			return f, nil
		}
	}
	return manifest.Format{}, fmt.Errorf("no vendor %q; there are %s", name, strings.Join(Names(), ", "))
}

// With returns the formats that take an option.
func With(option manifest.OptionName) []manifest.Format {
	var found []manifest.Format
	for _, f := range Formats() {
		if _, ok := f.Option(option); ok {
			found = append(found, f)
		}
	}
	return found
}

// Values returns all valid values of an option, the default first; nil if any value is valid.
func Values(option manifest.OptionName) []string {
	for _, f := range With(option) {
		o, _ := f.Option(option)
		return o.Values // the same in every format
	}
	return nil
}

// Titles returns the titles of formats, separated by commas.
func Titles(formats []manifest.Format) string {
	titles := make([]string, len(formats))
	for i, f := range formats {
		titles[i] = f.Title
	}
	return strings.Join(titles, ", ")
}

// Decode detects the vendor of in and yields its entries; see [manifest.Decoder].
// An error of [Choose] is the only element.
func Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		format, err := Choose(ctx, in, "", opts)
		if err != nil {
			yield(manifest.Device{}, err)
			return
		}
		format.Decode(ctx, in, opts)(yield)
	}
}

// A Preset describes the tables of one program.
type Preset = csv.Preset

// Presets returns the presets that the library knows, sorted by name.
func Presets() []Preset { return csv.Presets() }

// ParsePreset parses a preset; see [csv.ParsePreset].
func ParsePreset(name string, text []byte) (Preset, error) { return csv.ParsePreset(name, text) }
