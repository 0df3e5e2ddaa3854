package csv

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/internal/stream"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

const vendor = "csv"

// Format describes tables of any source.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "CSV", Extension: ".csv", Table: true,
		Options: []manifest.FormatOption{{Name: manifest.OptionColumns}, {Name: manifest.OptionDelimiter}},
		Cut: func(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer) (int, error) {
			finder := finder{columns: opts.Columns, delimiter: opts.Delimiter}
			return table.Cut(ctx, Decoder{}, finder.find, in, opts, chosen, to)
		},
	}
}

// A Decoder reads tables. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "csv".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether the table is that of a preset, and not one of Espressif's, which
// need no columns.
func (Decoder) Detect(head []byte, _ int64) bool {
	if (espressif.Decoder{}).Detect(head, 0) {
		return false
	}
	text, stated := table.FromFirstRecord(stream.Head(head))
	_, found := presetOf(text, stated)
	return found
}

// Fits reports whether a manifest that begins with head has the columns of the options, or
// those of a preset if the options have none.
func Fits(head []byte, opts manifest.Options) bool {
	text, stated := table.FromFirstRecord(stream.Head(head))
	finder := finder{columns: opts.Columns, delimiter: opts.Delimiter}
	header, _, _, err := finder.find(text, stated, true)
	return err == nil && header != nil
}

// Decode yields the entries of a table.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, readRecords)
}

func readRecords(f *stream.Frame) error {
	finder := finder{columns: f.Options.Columns, delimiter: f.Options.Delimiter}
	r, err := table.Open(f, finder.find)
	if err != nil {
		return err
	}
	layout := finder.layout
	admitting := layout.admitting(f.Options)
	for {
		line, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && f.Entry == 0:
			return manifest.Errorf(manifest.ReasonEmpty, "the table has no record")
		case err != nil:
			return err
		}
		if f.Skip() {
			continue
		}
		device := f.Device(line, r.Offset())
		err = layout.fillDevice(&device, r, admitting)
		if err := f.Emit(device, nameOf(&device), err); err != nil {
			return err
		}
	}
}

// nameOf returns the name of a device for the rejection of its entry.
func nameOf(d *manifest.Device) string {
	if d.ID == "" {
		return ""
	}
	return "ID " + manifest.Quote(d.ID)
}

// fillDevice fills a device from the current record, and admits it.
func (l *layout) fillDevice(d *manifest.Device, r *table.Reader, opts *manifest.Options) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := l.checkSecrets(r); err != nil {
		return err
	}
	if l.id >= 0 {
		if d.ID = l.cell(r, l.id); d.ID == "" {
			return manifest.Errorf(manifest.ReasonBadID, "column %s is empty", r.Header.Label(l.id))
		}
	}
	var err error
	if d.Certificate, err = r.Certificate(); err != nil {
		return err
	}
	if l.check >= 0 {
		if err := r.CompareCN(l.check, d.Certificate); err != nil {
			return err
		}
	}
	d.Columns = r.Columns()
	d.Settings = l.settings(r)
	return opts.Admit(d)
}

// admitting returns the options with which devices are admitted: a column names the things unless a template does.
func (l *layout) admitting(opts *manifest.Options) *manifest.Options {
	if l.name < 0 || !opts.ThingName.IsZero() {
		return opts
	}
	named := *opts
	named.ThingName = l.template
	return &named
}
