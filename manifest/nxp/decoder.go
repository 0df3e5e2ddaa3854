package nxp

import (
	"bytes"
	"context"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "nxp"

// Format describes the manifests of NXP.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "NXP", Extension: ".json",
		Options:    []manifest.FormatOption{{Name: manifest.OptionLabel}},
		Limits:     []manifest.LimitName{manifest.LimitDepth},
		Attributes: []string{manifest.AttributeUID, manifest.AttributeLabel},
		Cut: func(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(int) bool, to io.Writer) (int, error) {
			r := reader{options: &opts, depth: opts.Limits.OrDefault().Depth}
			return objects.Cut(ctx, vendor, in, opts, path, true, func(e objects.Entry) error {
				return r.device(e.Raw, &manifest.Device{})
			}, chosen, to)
		},
	}
}

// A Decoder reads the device certificates of EdgeLock 2GO. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "nxp".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a manifest is JSON whose first object has a member deviceCertificates.
func (Decoder) Detect(head []byte, _ int64) bool {
	head = bytes.TrimLeft(stream.Head(head), " \t\r\n")
	if len(head) == 0 || head[0] != '[' && head[0] != '{' {
		return false
	}
	first := bytes.TrimLeft(head, "[ \t\r\n")
	end, _ := objects.End(first, manifest.DefaultLimits().Depth, nil)
	return bytes.Contains(first[:end], []byte(`"`+nameCertificates+`"`))
}

// path leads to the devices, which are in an array or at the top.
func path(head []byte) ([]string, error) {
	switch head[0] {
	case '[':
		return []string{objects.Each}, nil
	case '{':
		return nil, nil
	}
	return nil, manifest.Errorf(manifest.ReasonUnknownFormat, "a manifest of NXP is a JSON array of devices; this begins with %s",
		manifest.Quote(string(head[:1])))
}

// Decode yields the devices of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
		r := reader{options: f.Options, depth: f.Limits.Depth}
		return objects.Entries(f, path, func(e objects.Entry) error {
			d := f.Device(e.Line, e.End)
			err := r.device(e.Raw, &d)
			who := ""
			if d.ID != "" {
				who = "device " + manifest.Quote(d.ID)
			}
			return f.Emit(d, who, err)
		})
	})
}
