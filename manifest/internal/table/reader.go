package table

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A Reader splits a manifest that is a table into records. It is not safe for concurrent use.
type Reader struct {
	// Header is set by [Open].
	Header *Header
	// Record is the current record.
	Record Record

	frame *stream.Frame
	w     *stream.Window
}

// Open reads up to the end of the header, and goes to the position at which reading starts.
func Open(f *stream.Frame, find Finder) (*Reader, error) {
	r := &Reader{frame: f}
	var err error
	if r.w, err = f.OpenText(true); err != nil {
		return nil, err
	}
	if err := r.readHeader(find); err != nil {
		return nil, err
	}
	return r, f.Resume()
}

// Offset returns the offset after the current record; 0 if the text was converted.
func (r *Reader) Offset() int64 { return r.w.Offset() }

func (r *Reader) readHeader(find Finder) error {
	if err := r.toRecord(); err != nil {
		if errors.Is(err, io.EOF) {
			return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
		}
		return err
	}
	stated := StatedDelimiter(r.w.Text())
	if stated != 0 {
		r.w.Pass(endOfCell(r.w.Text(), 0, '\n'))
		if err := r.toRecord(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	for {
		header, n, found, failure := find(r.w.Text(), stated, r.w.Ended())
		if more, err := r.ended(found, n); err != nil {
			return err
		} else if more {
			continue
		}
		if err := r.checkText(r.w.Text()[:n]); err != nil {
			return err
		}
		if failure != nil {
			if err := checkEncoding(r.w.Text(), r.w.Ended(), r.w.Line()); err != nil {
				return err
			}
			return failure
		}
		r.Header = header
		r.w.Pass(n)
		return nil
	}
}

// ended reports whether the current record continues after the window. In that
// case it reads more into the window. It fails if the end of the record cannot be
// found.
func (r *Reader) ended(found Parsing, n int) (more bool, err error) {
	most := r.frame.Limits.EntryBytes
	switch {
	case found == More && len(r.w.Text()) <= most:
		return true, r.w.Fill()
	case found != Parsed || n > most:
		return false, r.unreadable(found, n)
	}
	return false, nil
}

// Next reads the next record that is neither blank nor the header once more, and returns
// its line. It returns [io.EOF] at the end.
func (r *Reader) Next() (line int, err error) {
	for {
		if err := r.toRecord(); err != nil {
			return 0, err
		}
		n, found := r.Header.Parse(&r.Record, r.w.Text(), r.w.Ended())
		if more, err := r.ended(found, n); err != nil {
			return 0, err
		} else if more {
			continue
		}
		if err := r.checkText(r.w.Text()[:n]); err != nil {
			return 0, err
		}
		if r.Record.blank() || r.Header.repeats(&r.Record) {
			r.w.Pass(n)
			continue
		}
		if r.Record.open && r.cutOff() {
			return 0, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a record")
		}
		r.Record.dropEmpty(r.Header.Width)
		line = r.w.Line()
		if err := r.frame.Begin(); err != nil {
			return 0, err
		}
		r.w.Pass(n)
		return line, nil
	}
}

// cutOff reports whether a record without a line end looks incomplete.
func (r *Reader) cutOff() bool {
	return len(r.Record.Cells) < r.Header.Width || armour.Unterminated(r.Record.Cells[r.Header.Cert].Text)
}

// toRecord skips blank lines and comments.
func (r *Reader) toRecord() error {
	for {
		text := r.w.Text()
		blank := 0
		for blank < len(text) && (text[blank] == '\n' || text[blank] == '\r') {
			blank++
		}
		if blank > 0 && blank == len(text) && !r.w.Ended() && text[blank-1] == '\r' {
			blank-- // its LF may follow
		}
		r.w.Pass(blank)
		text = r.w.Text()
		if mark := joint(text); mark > 0 {
			r.w.Pass(mark)
			continue
		}
		switch {
		case len(text) <= 2 && !r.w.Ended():
		case len(text) == 0:
			return io.EOF
		case text[0] != '#':
			return nil
		default:
			n := endOfCell(text, 0, '\n')
			if n < len(text) || r.w.Ended() {
				r.w.Pass(n)
				continue
			}
		}
		if err := r.w.More("a line"); err != nil {
			return err
		}
	}
}

// joint returns the length of what one file leaves at the beginning of the next, or at the end, when
// files are joined: a byte order mark, or the Ctrl-Z with which DOS ends text.
func joint(text []byte) int {
	switch {
	case bytes.HasPrefix(text, bom):
		return len(bom)
	case bytes.HasPrefix(text, []byte("\x1a")):
		return 1
	}
	return 0
}

// checkText rejects data that is not text in a known encoding.
func (r *Reader) checkText(text []byte) error {
	if bytes.IndexByte(text, 0) >= 0 {
		return manifest.Errorf(manifest.ReasonCorrupt,
			"the file has a NUL byte: it is damaged, or UTF-16 without a byte order mark; save it as CSV in UTF-8")
	}
	return checkEncoding(text, true, r.w.Line())
}

// unreadable returns why the end of the current record was not found.
func (r *Reader) unreadable(found Parsing, at int) error {
	quote := 0
	if found == Astray || found == Unclosed || found == More {
		text := r.w.Text()
		if at < len(text) && text[at] == '"' {
			quote = r.w.Line() + stream.CountBreaks(text[:at])
		}
	}
	switch {
	case found == TooMany:
		return manifest.Errorf(manifest.ReasonLimitExceeded, "more than %d columns", MaxColumns)
	case found == Unclosed:
		return manifest.Errorf(manifest.ReasonTruncated, "the quote that opens on line %d is not closed before the end of the file", quote)
	case found == Astray:
		return manifest.Errorf(manifest.ReasonCorrupt,
			"the quote that opens on line %d is not closed at the end of its cell, so it swallows the next record", quote)
	case quote > 0:
		tooLong := r.w.TooLong("a record")
		return manifest.Exceeded(manifest.ReasonLimitExceeded,
			manifest.LimitOf(tooLong), "%w; the quote that opens on line %d may not be closed", tooLong, quote)
	}
	return r.w.TooLong("a record")
}

// Check returns an error if the current record must not be used. Private keys in any cell
// refuse the whole table.
func (r *Reader) Check() error {
	for i, c := range r.Record.Cells {
		if i != r.Header.Cert && hasKey(c.Text) {
			return manifest.ErrPrivateKey
		}
	}
	switch {
	case r.Record.Odd != "":
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s; quotes must enclose a whole cell", r.Record.Odd)
	case len(r.Record.Cells) > r.Header.Width || len(r.Record.Cells) < r.Header.needed:
		model := "header"
		if r.Header.Names == nil {
			model = "first record"
		}
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s, where the %s has %d", countOf(len(r.Record.Cells)), model, r.Header.Width)
	}
	return nil
}

// Certificate returns the certificate of the current record, which [Reader.Check] has passed.
func (r *Reader) Certificate() (*x509.Certificate, error) {
	label := r.Header.Label(r.Header.Cert)
	text := r.Record.Cells[r.Header.Cert].Value()
	if len(text) == 0 {
		return nil, manifest.Errorf(manifest.ReasonNoCertificate, "column %s is empty", label)
	}
	certificates, err := armour.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", label, err)
	}
	leaf, err := armour.Leaf(certificates)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", label, err)
	}
	return leaf, nil
}

// CompareCN returns an error unless the cell of a column is the certificate's CN.
func (r *Reader) CompareCN(column int, certificate *x509.Certificate) error {
	name, err := manifest.CommonName(certificate)
	if err != nil {
		return err
	}
	if value := r.Record.Cells[column].Value(); string(value) != name {
		return manifest.Errorf(manifest.ReasonIdentityMismatch, "column %s says %s, but the certificate's CN says %s",
			r.Header.Label(column), manifest.Quote(string(value)), manifest.Quote(name))
	}
	return nil
}

// Columns returns the cells of the current record. Those of certificates and secrets, and
// very long ones, are withheld.
func (r *Reader) Columns() []manifest.Column {
	const longest = 1 << 10
	columns := make([]manifest.Column, len(r.Record.Cells))
	for i, c := range r.Record.Cells {
		if r.Header.Names != nil {
			columns[i].Name = r.Header.Names[i]
		}
		value := c.Value()
		if r.Header.withheld[i] || len(value) > longest || manifest.SecretValue(string(value)) {
			columns[i].Withheld = true
		} else {
			columns[i].Value = string(value)
		}
	}
	return columns
}

// hasKey reports whether a column that should not contain a private key has one
// without armour: base64 or hex of DER, or a JSON Web Key. Keys with armour are found
// while reading.
func hasKey(text []byte) bool {
	const shortest = 64 // the base64 of a P-256 key alone is longer
	if len(text) < shortest {
		return false
	}
	if bytes.Contains(text, []byte("kty")) && (bytes.Contains(text, []byte(`"d"`)) || bytes.Contains(text, []byte(`"k"`))) {
		return true
	}
	if armour.BeginsHex(text) {
		der, err := armour.Hex(text)
		return err == nil && manifest.IsPrivateKey(der)
	}
	der, err := armour.Base64(text)
	return err == nil && manifest.IsPrivateKey(der)
}
