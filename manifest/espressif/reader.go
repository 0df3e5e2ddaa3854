package espressif

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A reader splits a manifest into records.
type reader struct {
	frame  *stream.Frame
	w      *stream.Window
	layout *layout
	record record
}

// open reads the header and goes to the start position.
func open(f *stream.Frame) (*reader, error) {
	r := &reader{frame: f}
	var err error
	if r.w, err = f.OpenText(true); err != nil {
		return nil, err
	}
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	return r, f.Resume()
}

func (r *reader) readHeader() error {
	if err := r.toRecord(); err != nil {
		if errors.Is(err, io.EOF) {
			return manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
		}
		return err
	}
	delimiter := statedDelimiter(r.w.Text())
	if delimiter != 0 {
		r.w.Pass(endOfCell(r.w.Text(), 0, '\n'))
		if err := r.toRecord(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	for {
		names, sniffed, n, found := sniff(r.w.Text(), r.w.Ended())
		if delimiter != 0 && found == parsed {
			var one record
			if n, found = one.parse(r.w.Text(), delimiter, r.w.Ended()); found == parsed {
				sniffed, names = delimiter, names[:0]
				for _, c := range one.cells {
					names = append(names, fold(c.value()))
				}
			}
		}
		if more, err := r.ended(found, n); err != nil {
			return err
		} else if more {
			continue
		}
		first := r.w.Text()[:n]
		if err := r.checkText(first); err != nil {
			return err
		}
		layout, err := newLayout(names, sniffed)
		if manifest.ReasonOf(err) == manifest.ReasonUnknownFormat {
			if known := explain(r.w.Text()); known != nil {
				err = known
			} else if what := foreign.Name(first); what != "" {
				err = manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s", what)
			}
		}
		if err != nil {
			return err
		}
		r.layout = layout
		r.w.Pass(n)
		return nil
	}
}

// ended reports whether the current record continues after the window. In that
// case it reads more into the window. It fails if the end of the record cannot be
// found.
func (r *reader) ended(found parsing, n int) (more bool, err error) {
	most := r.frame.Limits.EntryBytes
	switch {
	case found == parseMore && len(r.w.Text()) <= most:
		return true, r.w.Fill()
	case found != parsed || n > most:
		return false, r.unreadable(found, n)
	}
	return false, nil
}

// next reads the next record that is not blank, and returns its line. It returns
// io.EOF at the end.
func (r *reader) next() (line int, err error) {
	for {
		if err := r.toRecord(); err != nil {
			return 0, err
		}
		n, found := r.record.parse(r.w.Text(), r.layout.delimiter, r.w.Ended())
		if more, err := r.ended(found, n); err != nil {
			return 0, err
		} else if more {
			continue
		}
		if err := r.checkText(r.w.Text()[:n]); err != nil {
			return 0, err
		}
		if r.record.blank() {
			r.w.Pass(n)
			continue
		}
		if r.record.open && r.cutOff() {
			return 0, manifest.Errorf(manifest.ReasonTruncated, "the file ends in the middle of a record")
		}
		line = r.w.Line()
		if err := r.frame.Begin(); err != nil {
			return 0, err
		}
		r.w.Pass(n)
		return line, nil
	}
}

// cutOff reports whether a record without a line end looks incomplete.
func (r *reader) cutOff() bool {
	return len(r.record.cells) < r.layout.columns || armour.Unterminated(r.record.cells[r.layout.cert].text)
}

// toRecord skips blank lines and comments.
func (r *reader) toRecord() error {
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
		switch {
		case len(text) <= 1 && !r.w.Ended():
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

// checkText rejects data that is not text in a known encoding.
func (r *reader) checkText(text []byte) error {
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		return manifest.Errorf(manifest.ReasonCorrupt,
			"the file has a NUL byte: it is damaged, or UTF-16 without a byte order mark; save it as CSV in UTF-8")
	case !utf8.Valid(text):
		return manifest.Errorf(manifest.ReasonCorrupt, "the file has text that is not UTF-8; save it as CSV in UTF-8")
	}
	return nil
}

// unreadable returns why the end of the current record was not found.
func (r *reader) unreadable(found parsing, at int) error {
	quote := 0
	if found == parseAstray || found == parseOpen || found == parseMore {
		text := r.w.Text()
		if at < len(text) && text[at] == '"' {
			quote = r.w.Line() + stream.CountBreaks(text[:at])
		}
	}
	switch {
	case found == parseColumns:
		return manifest.Errorf(manifest.ReasonLimitExceeded, "more than %d columns", maxColumns)
	case found == parseOpen:
		return manifest.Errorf(manifest.ReasonTruncated, "the quote that opens on line %d is not closed before the end of the file", quote)
	case found == parseAstray:
		return manifest.Errorf(manifest.ReasonCorrupt,
			"the quote that opens on line %d is not closed at the end of its cell, so it swallows the next record", quote)
	case quote > 0:
		tooLong := r.w.TooLong("a record")
		return manifest.Exceeded(manifest.ReasonLimitExceeded,
			manifest.LimitOf(tooLong), "%w; the quote that opens on line %d may not be closed", tooLong, quote)
	}
	return r.w.TooLong("a record")
}
