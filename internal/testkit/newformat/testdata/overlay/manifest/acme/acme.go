// Package acme is a format that only a test knows: a line "acme BASE64" for each certificate.
package acme

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "acme"

// Format describes the manifests of Acme.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Acme", Extension: ".acme", Archive: true,
		Options:      []manifest.FormatOption{{Name: manifest.OptionSigners, Required: true}, {Name: manifest.OptionSlot}},
		Limits:       []manifest.LimitName{manifest.LimitDictionaryBytes},
		Attributes:   []string{manifest.AttributeSlot},
		ParseSigners: armour.Parse,
	}
}

// A Decoder reads Acme manifests.
type Decoder struct{}

// Vendor returns "acme".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether head begins with a line of Acme's.
func (Decoder) Detect(head []byte, _ int64) bool { return bytes.HasPrefix(head, []byte("acme ")) }

// Decode yields a device for each line.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, readLines)
}

func readLines(f *stream.Frame) error {
	lines := bufio.NewScanner(f.Reader(f.Input.Section(0)))
	for n := 1; lines.Scan(); n++ {
		d := f.Device(n, 0)
		d.Attributes = map[string]string{manifest.AttributeSlot: f.Options.Slot}
		certificate, err := parseLine(lines.Bytes())
		if err == nil && len(f.Options.Signers) == 0 {
			err = manifest.Errorf(manifest.ReasonUnknownSigner, "no signer is known")
		}
		if err == nil {
			d.Certificate = certificate
			err = f.Options.Admit(&d)
		}
		if err := f.Emit(d, "", err); err != nil {
			return err
		}
	}
	return lines.Err()
}

func parseLine(line []byte) (*x509.Certificate, error) {
	certificates, err := armour.Parse(bytes.TrimPrefix(line, []byte("acme ")))
	if err != nil {
		return nil, err
	}
	return armour.Leaf(certificates)
}
