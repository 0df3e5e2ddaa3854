package generated

import (
	"context"
	"crypto/x509"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "generated"

// Format returns the format for lists of certificates.
func Format() manifest.Format {
	return manifest.Format{Decoder: Decoder{}, Title: "Lists of certificates", Extension: ".txt", Explain: explain}
}

// A Decoder reads lists of certificates. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "generated".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a line begins with a certificate, as PEM or as base64,
// and nothing before it looks like a table or JSON.
func (Decoder) Detect(head []byte, _ int64) bool {
	return shapeOf(head) != shapeNone && explain(head) == nil
}

// Decode yields the entries of a list.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, readUnits)
}

// A held entry is complete once the next unit turns out not to belong to it.
type held struct {
	device manifest.Device
	err    error
	before *x509.Certificate // the last certificate of the entry; nil if no issuer can follow it
}

func readUnits(f *stream.Frame) error {
	r, err := open(f)
	if err != nil {
		return err
	}
	var entry *held
	for {
		u, ended := r.next()
		var certificates []*x509.Certificate
		if ended == nil {
			certificates, err = u.certificates()
			if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
				return err
			}
			if entry != nil && entry.before != nil && len(certificates) == 1 && armour.Issued(certificates[0], entry.before) {
				entry.device.End, entry.before = u.end, certificates[0]
				continue
			}
		}
		if entry != nil {
			if err := entry.emit(f); err != nil {
				return err
			}
		}
		if ended != nil {
			return ended
		}
		if err := f.Begin(); err != nil {
			return err
		}
		entry = newHeld(f.Device(u.line, u.end), certificates, err, f.Options)
	}
}

// certificates parses the certificates of a unit.
func (u *unit) certificates() ([]*x509.Certificate, error) {
	if u.fault != nil {
		return nil, u.fault
	}
	return armour.Parse(unwrap(u.text))
}

// newHeld begins an entry with the certificates of a unit, or with the error of parsing them.
func newHeld(d manifest.Device, certificates []*x509.Certificate, err error, opts *manifest.Options) *held {
	h := &held{device: d, err: err}
	if err != nil {
		return h
	}
	h.before = certificates[len(certificates)-1]
	if h.device.Certificate, h.err = armour.Leaf(certificates); h.err == nil {
		h.err = opts.Admit(&h.device)
	}
	return h
}

func (h *held) emit(f *stream.Frame) error {
	who := ""
	if h.err != nil {
		h.device.ID = ""
		if h.device.Certificate != nil {
			h.device.ID, _ = manifest.CommonName(h.device.Certificate)
		}
		if h.device.ID != "" {
			who = "certificate " + manifest.Quote(h.device.ID)
		}
	}
	return f.Emit(h.device, who, h.err)
}
