package espressif

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "espressif"

// Format describes the manifests of Espressif.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Espressif", Extension: ".csv",
		Attributes: []string{manifest.AttributeMAC},
		Explain:    func(head []byte) error { return explain(fromFirstRecord(head)) },
		Cut:        cut,
	}
}

// A Decoder reads Espressif manifests. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "espressif".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether the first line has a column cert or certs, or at least two
// of the other columns of Espressif's files.
func (Decoder) Detect(head []byte, _ int64) bool {
	if text := bytes.TrimSpace(stream.Head(head)); len(text) > 0 && (text[0] == '[' || text[0] == '{') {
		return false // JSON, whatever names it contains
	}
	names, _, _, _ := sniff(fromFirstRecord(head), true)
	return known(names) >= 2 || slices.Contains(names, columnCert) || slices.Contains(names, columnCerts)
}

// fromFirstRecord returns the text from the first record on that is neither blank
// nor a comment.
func fromFirstRecord(head []byte) []byte {
	text := stream.Head(head)
	for {
		text = bytes.TrimLeft(text, "\r\n")
		if !bytes.HasPrefix(text, []byte("#")) && statedDelimiter(text) == 0 {
			return text
		}
		text = text[endOfCell(text, 0, '\n'):]
	}
}

// statedDelimiter returns the delimiter that Excel's own line at the beginning of a
// table states, sep=; with or without quotes, and 0 if there is no such line.
func statedDelimiter(text []byte) byte {
	rest, ok := bytes.CutPrefix(bytes.TrimPrefix(text, []byte(`"`)), []byte("sep="))
	if !ok || len(rest) == 0 {
		return 0
	}
	return rest[0]
}

// Decode yields the entries of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, readRecords)
}

func readRecords(f *stream.Frame) error {
	r, err := open(f)
	if err != nil {
		return err
	}
	for {
		line, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && f.Entry == 0:
			return manifest.Errorf(manifest.ReasonEmpty, "there is a header but no record")
		case err != nil:
			return err
		}
		if f.Skip() {
			continue
		}
		device := f.Device(line, r.w.Offset())
		err = r.fillDevice(&device, f.Options)
		if err := f.Emit(device, nameOf(&device), err); err != nil {
			return err
		}
	}
}

// nameOf returns the name of a device for the rejection of its entry.
func nameOf(d *manifest.Device) string {
	switch {
	case d.Attributes[manifest.AttributeMAC] != "":
		return "MAC " + d.ID
	case d.ID != "":
		return "node " + manifest.Quote(d.ID)
	}
	return ""
}

// fillDevice fills a device from the current record.
func (r *reader) fillDevice(d *manifest.Device, opts *manifest.Options) error {
	l, cells := r.layout, r.record.cells
	for i, c := range cells {
		if i != l.cert && hasKey(c.text) {
			return manifest.ErrPrivateKey
		}
	}
	switch {
	case r.record.odd != "":
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s; quotes must enclose a whole cell", r.record.odd)
	case len(cells) != l.columns:
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%d columns, where the header has %d", len(cells), l.columns)
	}
	if err := r.identify(d); err != nil {
		return err
	}
	text := cells[l.cert].value()
	if len(text) == 0 {
		return manifest.Errorf(manifest.ReasonNoCertificate, "column %s is empty", l.names[l.cert])
	}
	certificates, err := armour.Parse(text)
	if err != nil {
		return err
	}
	if d.Certificate, err = armour.Leaf(certificates); err != nil {
		return err
	}
	if err := r.compare(d); err != nil {
		return err
	}
	return opts.Admit(d)
}

// identify reads the vendor's identity of the device.
func (r *reader) identify(d *manifest.Device) error {
	l, cells := r.layout, r.record.cells
	if l.mac >= 0 {
		mac, err := normalMAC(string(cells[l.mac].value()))
		if err != nil {
			return err
		}
		d.ID = mac
		d.Attributes = map[string]string{manifest.AttributeMAC: mac}
		return nil
	}
	column := l.id
	if column < 0 {
		column = l.cn
	}
	if column < 0 {
		return nil // the certificate names the device
	}
	d.IDIsCN = column == l.cn
	if d.ID = string(cells[column].value()); d.ID == "" && !d.IDIsCN {
		return manifest.Errorf(manifest.ReasonBadID, "column %s is empty", l.names[column])
	}
	return nil
}

// compare compares the columns that repeat the certificate's CN with it. An empty cell
// of column cn claims nothing. If there is no CN, only the template decides whether one
// is needed.
func (r *reader) compare(d *manifest.Device) error {
	for _, column := range []int{r.layout.cn, r.layout.id} {
		if column < 0 {
			continue
		}
		name, err := manifest.CommonName(d.Certificate)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		value := string(r.record.cells[column].value())
		if claims := value != "" || column != r.layout.cn; claims && value != name {
			return manifest.Errorf(manifest.ReasonIdentityMismatch, "column %s says %s, but the certificate's CN says %s",
				r.layout.names[column], manifest.Quote(value), manifest.Quote(name))
		}
	}
	return nil
}

// hasKey reports whether a column that should not contain a private key has one
// without armour: base64 of DER, or a JSON Web Key. Keys with armour are found
// while reading.
func hasKey(text []byte) bool {
	const shortest = 64 // the base64 of a P-256 key alone is longer
	if len(text) < shortest {
		return false
	}
	if bytes.Contains(text, []byte("kty")) && (bytes.Contains(text, []byte(`"d"`)) || bytes.Contains(text, []byte(`"k"`))) {
		return true
	}
	der, err := armour.Base64(text)
	return err == nil && manifest.IsPrivateKey(der)
}
