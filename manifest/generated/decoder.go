package generated

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "generated"

// Format returns the format for lists of certificates.
func Format() manifest.Format {
	return manifest.Format{Decoder: Decoder{}, Title: "Lists of certificates", Extension: ".txt", Explain: explain, Cut: cut}
}

// A Decoder reads lists of certificates. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "generated".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a line begins with a certificate, as PEM or as base64,
// and nothing before it looks like a table or JSON, or whether the file begins with
// a certificate in DER.
func (Decoder) Detect(head []byte, size int64) bool {
	if shapeOf(head) == shapeNone {
		return false
	}
	// Certificates may follow a long block of another kind.
	return onlyForeign(head) == "" || size > int64(len(head))
}

// Decode yields the entries of a list.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error { return readUnits(f, nil) })
}

// A held entry is complete once the next unit turns out not to belong to it.
type held struct {
	device     manifest.Device
	err        error
	before     *x509.Certificate // the last certificate of the entry; nil if no issuer can follow it
	chain      int               // number of its certificates
	unpacked   [][]byte          // its certificates that were in a container
	passedOver stream.PassedOver // what stands between it and the next entry
}

// readUnits emits the entries. Before each it calls onUnpacked, which may be nil, with the certificates of
// the entry that were in a container.
func readUnits(f *stream.Frame, onUnpacked func(certificates [][]byte)) error {
	r, err := open(f)
	if err != nil {
		return err
	}
	var entry *held
	var leading stream.PassedOver // what stands before the first entry
	for {
		u, ended := r.next()
		switch {
		case ended != nil:
			return finish(f, entry, &leading, onUnpacked, ended)
		case u.foreign != "" && entry == nil:
			leading.Add(u.foreign)
			continue
		case u.foreign != "":
			entry.passedOver.Add(u.foreign)
			entry.device.End = u.end
			continue
		}
		certificates, err := u.certificates()
		if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
			return err
		}
		if entry != nil {
			if entry.takeIssuer(certificates) {
				entry.hold(&u)
				continue
			}
			if err := entry.emit(f, onUnpacked); err != nil {
				return err
			}
		}
		if err := f.Begin(); err != nil {
			return err
		}
		entry = newHeld(f.Device(u.line, u.end), certificates, err, f.Options)
		entry.hold(&u)
		entry.passedOver, leading = leading, stream.PassedOver{}
	}
}

// finish emits the last entry and returns the error that ended the manifest.
func finish(f *stream.Frame, entry *held, leading *stream.PassedOver, onUnpacked func([][]byte), ended error) error {
	if entry != nil {
		if err := entry.emit(f, onUnpacked); err != nil {
			return err
		}
	}
	if errors.Is(ended, io.EOF) && f.Entry == 0 && !leading.Empty() {
		return manifest.Errorf(manifest.ReasonUnsupportedFormat, "there are no certificates in the file, but %s", leading)
	}
	return ended
}

// certificates parses the certificates of a unit.
func (u *unit) certificates() ([]*x509.Certificate, error) {
	switch {
	case u.fault != nil:
		return nil, u.fault
	case u.der:
		certificate, err := armour.ParseDER(bytes.Clone(u.text))
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{certificate}, nil
	}
	return armour.Parse(unwrap(u.text))
}

// newHeld begins an entry with the certificates of a unit, or with the error of parsing them.
func newHeld(d manifest.Device, certificates []*x509.Certificate, err error, opts *manifest.Options) *held {
	h := &held{device: d, err: err}
	if err != nil {
		return h
	}
	h.chain = len(certificates)
	h.before = certificates[h.chain-1]
	if h.device.Certificate, h.err = armour.Leaf(certificates); h.err == nil {
		h.err = opts.Admit(&h.device)
	}
	return h
}

// takeIssuer reports whether a unit is the authority that issued the last
// certificate of the entry, and belongs to the entry.
func (h *held) takeIssuer(certificates []*x509.Certificate) bool {
	switch {
	case h.before == nil, h.chain >= armour.MaxChain, len(certificates) != 1:
		return false
	case h.chain == 1 && armour.SelfIssued(h.before), !armour.Issued(certificates[0], h.before):
		return false
	}
	h.before = certificates[0]
	h.chain++
	return true
}

// hold adds a unit to the entry.
func (h *held) hold(u *unit) {
	h.device.End = u.end
	if u.unpacked {
		h.unpacked = append(h.unpacked, u.text)
	}
}

func (h *held) emit(f *stream.Frame, onUnpacked func(certificates [][]byte)) error {
	if onUnpacked != nil {
		onUnpacked(h.unpacked)
	}
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
	return f.Emit(h.device, who, h.passedOver.Mention(&h.device, h.err))
}
