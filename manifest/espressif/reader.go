package espressif

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/foreign"
	"github.com/thingpress/thingpress/manifest/internal/window"
)

// A reader cuts a manifest into records.
type reader struct {
	in     manifest.Input
	limits manifest.Limits
	w      *window.Window
	layout *layout
	record record
	entry  int // index of the next record
}

// open reads the header and goes to start.
func open(in manifest.Input, limits manifest.Limits, start manifest.Position) (*reader, error) {
	r := &reader{in: in, limits: limits}
	var err error
	if r.w, err = window.Open(in); err != nil {
		return nil, err
	}
	if err := r.header(); err != nil {
		return nil, err
	}
	if start.Entry > 0 && start.Offset > 0 {
		if err := r.w.GoTo(start.Offset, start.Line); err != nil {
			return nil, r.broken(err)
		}
		r.entry = start.Entry
		return r, nil
	}
	for r.entry < start.Entry {
		switch _, err := r.next(); {
		case errors.Is(err, io.EOF):
			return nil, r.fail(manifest.ReasonChanged, "there are %d entries, and reading was to go on at entry %d", r.entry, start.Entry)
		case err != nil:
			return nil, err
		}
	}
	return r, nil
}

func (r *reader) header() error {
	if err := r.toRecord(); err != nil {
		if errors.Is(err, io.EOF) {
			return r.fail(manifest.ReasonEmpty, "there is nothing in the file")
		}
		return err
	}
	var delimiter byte
	if rest, ok := bytes.CutPrefix(r.w.Text(), []byte("sep=")); ok && len(rest) > 0 { // Excel's own hint
		delimiter = rest[0]
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
		if found == parseMore && len(r.w.Text()) <= r.limits.EntryBytes {
			if err := r.fill(); err != nil {
				return err
			}
			continue
		}
		if found != parsed || n > r.limits.EntryBytes {
			return r.unreadable(found, n)
		}
		first := r.w.Text()[:n]
		if err := r.checkText(first); err != nil {
			return err
		}
		layout, err := newLayout(names, sniffed)
		if err != nil {
			if known := explain(names, first); known != nil {
				err = known
			} else if what := foreign.Name(first); what != "" {
				err = manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is %s", what)
			}
			return r.broken(err)
		}
		r.layout = layout
		r.w.Pass(n)
		return nil
	}
}

// A place is where a record begins and ends.
type place struct {
	entry, line int
	end         int64
}

// next reads the next record that holds something. io.EOF is the end.
func (r *reader) next() (place, error) {
	for {
		if err := r.toRecord(); err != nil {
			return place{}, err
		}
		n, found := r.record.parse(r.w.Text(), r.layout.delimiter, r.w.Ended())
		if found == parseMore && len(r.w.Text()) <= r.limits.EntryBytes {
			if err := r.fill(); err != nil {
				return place{}, err
			}
			continue
		}
		if found != parsed || n > r.limits.EntryBytes {
			return place{}, r.unreadable(found, n)
		}
		if err := r.checkText(r.w.Text()[:n]); err != nil {
			return place{}, err
		}
		if r.record.blank() {
			r.w.Pass(n)
			continue
		}
		if r.record.open && r.cutOff() {
			return place{}, r.fail(manifest.ReasonTruncated, "the file ends in the middle of a record")
		}
		if r.entry == r.limits.Entries {
			return place{}, r.broken(manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitEntries, Value: int64(r.limits.Entries)}, "more than %d entries", r.limits.Entries))
		}
		at := place{entry: r.entry, line: r.w.Line()}
		r.w.Pass(n)
		at.end = r.w.Offset()
		r.entry++
		return at, nil
	}
}

// cutOff says whether a record without line end looks like part of one.
func (r *reader) cutOff() bool {
	return len(r.record.cells) < r.layout.columns || armour.Unterminated(r.record.cells[r.layout.cert].text)
}

// toRecord passes blank lines and comments.
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
			if n > r.limits.EntryBytes {
				return r.tooLong("a line is longer than %d bytes", r.limits.EntryBytes)
			}
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}

func (r *reader) fill() error {
	err := r.w.Fill()
	if manifest.ReasonOf(err) != "" {
		return r.broken(err)
	}
	return err
}

// checkText refuses what is not text, or not in a known encoding.
func (r *reader) checkText(text []byte) error {
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		return r.fail(manifest.ReasonCorrupt, "there is a NUL byte: this is damaged, or UTF-16 without a byte order mark; save it as CSV in UTF-8")
	case !utf8.Valid(text):
		return r.fail(manifest.ReasonCorrupt, "there is text that is not UTF-8; save it as CSV in UTF-8")
	}
	return nil
}

// unreadable says why the end of the record at hand was not found.
func (r *reader) unreadable(found parsing, at int) error {
	quote := 0
	if found == parseAstray || found == parseOpen || found == parseMore {
		text := r.w.Text()
		if at < len(text) && text[at] == '"' {
			quote = r.w.Line() + window.CountBreaks(text[:at])
		}
	}
	switch {
	case found == parseColumns:
		return r.fail(manifest.ReasonLimitExceeded, "more than %d columns", maxColumns)
	case found == parseOpen:
		return r.fail(manifest.ReasonTruncated, "the quote that opens on line %d is not closed before the end of the file", quote)
	case found == parseAstray:
		return r.fail(manifest.ReasonCorrupt, "the quote that opens on line %d is not closed where its cell ends, so that it swallows the next record", quote)
	case quote > 0:
		return r.tooLong("a record is longer than %d bytes; the quote that opens on line %d may not be closed", r.limits.EntryBytes, quote)
	}
	return r.tooLong("a record is longer than %d bytes", r.limits.EntryBytes)
}

func (r *reader) fail(reason manifest.Reason, format string, args ...any) error {
	return r.broken(manifest.Errorf(reason, format, args...))
}

func (r *reader) tooLong(format string, args ...any) error {
	limit := manifest.Limit{Name: manifest.LimitEntryBytes, Value: int64(r.limits.EntryBytes)}
	return r.broken(manifest.Exceeded(manifest.ReasonLimitExceeded, limit, format, args...))
}

// broken ends the manifest at the record at hand. A private key behind it is
// the graver fault.
func (r *reader) broken(err error) error {
	reason := manifest.ReasonOf(err)
	if reason != manifest.ReasonPrivateKey {
		found, interrupted := r.w.HoldsKey()
		switch {
		case interrupted != nil:
			// Without the search to its end nobody knows which fault it is.
			return interrupted
		case found:
			reason, err = manifest.ReasonPrivateKey, manifest.ErrPrivateKey
		}
	}
	return &manifest.FileError{
		Vendor: vendor, Manifest: r.in.Name, Entry: r.entry, Line: r.w.Line(), Offset: r.w.Offset(),
		Reason: reason, Limit: manifest.LimitOf(err), Err: err,
	}
}
