package tpmxml

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "tpm-xml"

// Format describes the XML files of TPMs.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "TPM XML", Extension: ".xml",
		Options:    []manifest.FormatOption{{Name: manifest.OptionIndex}},
		Limits:     []manifest.LimitName{manifest.LimitDepth},
		Attributes: []string{manifest.AttributeTPMMAC},
		Cut:        cut,
	}
}

// A Decoder reads XML files of TPMs. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "tpm-xml".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a manifest is XML with an element binaryhex.
func (Decoder) Detect(head []byte, _ int64) bool {
	head = stream.Head(head)
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<")) &&
		(bytes.Contains(head, []byte("<"+elementCertificate)) || bytes.Contains(head, []byte(":"+elementCertificate)))
}

// Decode yields the groups of a manifest.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error {
		return readGroups(f, nil, func(g group) error {
			d := f.Device(g.line, 0)
			err := g.fillDevice(&d, f.Options)
			who := ""
			if d.ID != "" {
				who = "module " + manifest.Quote(d.ID)
			}
			return f.Emit(d, who, err)
		})
	})
}

// Names of elements and attributes.
const (
	elementGroup       = "group"
	elementHex         = "hex"
	elementCertificate = "binaryhex"
	attributeName      = "name"
	attributeValue     = "value"
	nameMAC            = "TpmMAC"
)

// A group is an entry. Start and end are offsets in the text.
type group struct {
	line         int
	start, end   int64
	macs         []string
	certificates []string // hexadecimal
}

// readGroups calls use with each group. Root, if it is not nil, is called with the offsets of the start tag
// that is before all groups.
func readGroups(f *stream.Frame, root func(start, end int64) error, use func(group) error) error {
	w, err := f.OpenText(false) // the XML decoder counts lines
	if err != nil {
		return err
	}
	r := &reader{w: w, most: f.Limits.EntryBytes}
	d := xml.NewDecoder(r)
	d.CharsetReader = r.charset
	var g *group
	var text *strings.Builder // of the certificate that is read
	depth, inside := 0, 0     // inside is the depth of the group
	for {
		start := d.InputOffset()
		if g == nil {
			r.allow(start)
		}
		line, _ := d.InputPos()
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && r.err == nil && depth == 0 && start > 0:
			return io.EOF
		case err != nil:
			return explain(err, r.err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return manifest.Errorf(manifest.ReasonUnsupportedFormat, "the file has a document type declaration, which could define entities")
		case xml.StartElement:
			if depth++; depth > f.Limits.Depth {
				limit := manifest.Limit{Name: manifest.LimitDepth, Value: int64(f.Limits.Depth)}
				return manifest.Exceeded(manifest.ReasonLimitExceeded, limit, "the XML nests deeper than %d", f.Limits.Depth)
			}
			if depth == 1 && root != nil {
				if err := root(start, d.InputOffset()); err != nil {
					return err
				}
			}
			switch {
			case g == nil && t.Name.Local == elementGroup && depth > 1:
				if err := f.Begin(); err != nil {
					return err
				}
				g, inside = &group{line: line, start: start}, depth
			case g != nil && t.Name.Local == elementHex && attribute(t, attributeName) == nameMAC:
				g.macs = append(g.macs, attribute(t, attributeValue))
			case g != nil && t.Name.Local == elementCertificate:
				text = &strings.Builder{}
			}
		case xml.CharData:
			if text != nil {
				text.Write(t)
			}
		case xml.EndElement:
			if text != nil && t.Name.Local == elementCertificate {
				g.certificates, text = append(g.certificates, text.String()), nil
			}
			if g != nil && depth == inside {
				g.end = d.InputOffset()
				if err := use(*g); err != nil {
					return err
				}
				g = nil
			}
			depth--
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// A reader passes the text of a window on. It fails if an entry, or what stands between two entries, is
// too long.
type reader struct {
	w           *stream.Window
	most        int
	read, limit int64
	ascii       bool // other characters, which would not be UTF-8, are replaced
	err         error
}

// allow lets an entry be read that begins at an offset of the text.
func (r *reader) allow(offset int64) { r.limit = offset + int64(r.most) }

// Read implements [io.Reader], which the XML decoder requires and does not use.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// ReadByte implements [io.ByteReader]. The decoder does not read ahead, so that errors have their place.
func (r *reader) ReadByte() (byte, error) {
	for r.err == nil && len(r.w.Text()) == 0 {
		if r.w.Ended() {
			return 0, io.EOF
		}
		r.err = r.w.Fill()
	}
	if r.err == nil && r.read >= r.limit {
		r.err = r.w.TooLong("an entry")
	}
	if r.err != nil {
		return 0, r.err
	}
	c := r.w.Text()[0]
	r.w.Pass(1)
	r.read++
	if r.ascii && c >= 0x80 {
		c = '?'
	}
	return c, nil
}

// charset is for declarations of the encoding. Text in UTF-16 is UTF-8 already, and names and hexadecimal digits
// are the same in the others.
func (r *reader) charset(name string, text io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf-16":
		return text, nil
	case "us-ascii", "ascii", "iso-8859-1", "windows-1252":
		r.ascii = true
		return text, nil
	}
	return nil, manifest.Errorf(manifest.ReasonUnsupportedFormat, "the encoding %s is not supported", manifest.Quote(name))
}

// explain returns the error for text that ends the file. Cause, if there is one, is why reading failed.
func explain(err, cause error) error {
	if cause != nil {
		return cause
	}
	var syntax *xml.SyntaxError
	switch {
	case manifest.ReasonOf(err) != "": // of charset; the decoder puts the whole declaration before it
		return errors.Unwrap(err)
	case errors.Is(err, io.EOF):
		return manifest.Errorf(manifest.ReasonTruncated, "the file has no XML element")
	case errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF"):
		return manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of the XML")
	case errors.As(err, &syntax) && strings.Contains(syntax.Msg, "entity"):
		return manifest.Errorf(manifest.ReasonCorrupt, "the XML breaks on line %d: an entity that is not defined", syntax.Line)
	case errors.As(err, &syntax):
		return manifest.Errorf(manifest.ReasonCorrupt, "the XML breaks on line %d", syntax.Line)
	}
	// The decoder has no other errors, and quotes the declaration in this one.
	return manifest.Errorf(manifest.ReasonUnsupportedFormat, "the file is of a version of XML other than 1.0")
}
