package pemjson

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/objects"
	"github.com/thingpress/thingpress/manifest/internal/stream"
	"github.com/thingpress/thingpress/manifest/microchip"
	"github.com/thingpress/thingpress/manifest/nxp"
)

const vendor = "pem-json"

// Format describes JSON with certificates.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "JSON with PEM", Extension: ".json",
		Options: []manifest.FormatOption{{Name: manifest.OptionJSONPointer}},
		Limits:  []manifest.LimitName{manifest.LimitDepth},
		Cut: func(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(int) bool, to io.Writer) (int, error) {
			r, err := newReader(&opts)
			if err != nil {
				return 0, err
			}
			return objects.Cut(ctx, vendor, in, opts, r.choose, r.pointer, func(e objects.Entry) error {
				return r.device(e.Raw, &manifest.Device{})
			}, chosen, to)
		},
	}
}

// A Decoder reads JSON with certificates. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "pem-json".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a manifest is JSON with a certificate in PEM, and not a file of another kind that is JSON.
func (Decoder) Detect(head []byte, size int64) bool {
	text := stream.Head(head)
	return isJSON(text) && hasPEM(text) && foreign.JSON(text) == "" && !(nxp.Decoder{}).Detect(head, size) &&
		!(microchip.Decoder{}).Detect(head, size)
}

// Decode yields the entries of a file.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
		r, err := newReader(f.Options)
		if err != nil {
			return err
		}
		err = objects.Entries(f, r.choose, func(e objects.Entry) error {
			d := f.Device(e.Line, e.End)
			err := r.device(e.Raw, &d)
			who := ""
			if name := r.thingName(); err != nil && name != "" {
				who, d.ID = "thing "+manifest.Quote(name), name
			}
			return f.Emit(d, who, err)
		})
		if errors.Is(err, io.EOF) && f.Entry == 0 && r.pointer {
			return manifest.Errorf(manifest.ReasonEmpty, "the JSON pointer %s leads to nothing in it", manifest.Quote(opts.JSONPointer))
		}
		return err
	})
}

func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '[' || text[0] == '{')
}

// hasPEM reports whether text has the beginning of a certificate in PEM.
func hasPEM(text []byte) bool {
	return bytes.Contains(text, []byte("-----BEGIN CERTIFICATE-----")) || bytes.Contains(text, []byte("-----BEGIN X509 CERTIFICATE-----"))
}
