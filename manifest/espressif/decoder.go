package espressif

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

const vendor = "espressif"

// Format describes the manifests of Espressif.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Espressif", Extension: ".csv",
		Attributes: []string{manifest.AttributeMAC}, Table: true,
		Explain: func(head []byte) error { text, _ := table.FromFirstRecord(stream.Head(head)); return explain(text) },
		Cut:     cut,
	}
}

func cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
	return table.Cut(ctx, Decoder{}, findHeader, in, opts, chosen, to)
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
	text, _ := table.FromFirstRecord(stream.Head(head))
	_, _, names, _, _ := sniff(text, true)
	return known(names) >= 2 || slices.Contains(names, columnCert) || slices.Contains(names, columnCerts)
}

// Decode yields the entries of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, readRecords)
}

func readRecords(f *stream.Frame) error {
	r, err := table.Open(f, findHeader)
	if err != nil {
		return err
	}
	l, err := newLayout(r.Header.Names)
	if err != nil {
		return err
	}
	for {
		line, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && f.Entry == 0:
			return manifest.Errorf(manifest.ReasonEmpty, "there is a header but no record")
		case err != nil:
			return err
		}
		if f.Skip() {
			continue
		}
		device := f.Device(line, r.Offset())
		err = l.fillDevice(&device, r, f.Options)
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
func (l *layout) fillDevice(d *manifest.Device, r *table.Reader, opts *manifest.Options) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := l.identify(d, r); err != nil {
		return err
	}
	var err error
	if d.Certificate, err = r.Certificate(); err != nil {
		return err
	}
	if err := l.compare(d, r); err != nil {
		return err
	}
	d.Columns = r.Columns()
	return opts.Admit(d)
}

// identify reads the vendor's identity of the device.
func (l *layout) identify(d *manifest.Device, r *table.Reader) error {
	cells := r.Record.Cells
	if l.mac >= 0 {
		mac, err := normalMAC(string(cells[l.mac].Value()))
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
	if d.ID = string(cells[column].Value()); d.ID == "" && !d.IDIsCN {
		return manifest.Errorf(manifest.ReasonBadID, "column %s is empty", r.Header.Label(column))
	}
	return nil
}

// compare compares the columns that repeat the certificate's CN with it. An empty cell
// of column cn claims nothing. If there is no CN, only the template decides whether one
// is needed.
func (l *layout) compare(d *manifest.Device, r *table.Reader) error {
	for _, column := range []int{l.cn, l.id} {
		if column < 0 {
			continue
		}
		if _, err := manifest.CommonName(d.Certificate); err != nil {
			return nil //nolint:nilerr // as above
		}
		if len(r.Record.Cells[column].Value()) == 0 && column == l.cn {
			continue
		}
		if err := r.CompareCN(column, d.Certificate); err != nil {
			return err
		}
	}
	return nil
}
