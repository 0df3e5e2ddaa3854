package csv

import (
	"bytes"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/table"
)

// A finder looks for the header of a table, and keeps where its columns are.
type finder struct {
	columns   manifest.Columns // zero for those of a preset
	delimiter byte             // 0 if it is unknown
	layout    *layout
}

// find is a [table.Finder].
func (f *finder) find(text []byte, stated byte, ended bool) (*table.Header, int, table.Parsing, error) {
	columns := f.columns
	if f.delimiter != 0 {
		stated = f.delimiter
	}
	if columns.IsZero() {
		if !ended && len(text) < enough {
			return nil, 0, table.More, nil
		}
		preset, found := presetOf(text, stated)
		if !found {
			return nil, 0, table.Parsed, unknown(text, columns, nil)
		}
		columns = preset.Columns
	}
	if len(text) == 0 && ended {
		return nil, 0, table.Parsed, manifest.Errorf(manifest.ReasonEmpty, "the table has no header and no record")
	}
	var best, wide place
	unsure := false // whether more text may tell
	for i, delimiter := range candidates(stated) {
		p := search(columns, text, delimiter, ended)
		unsure = unsure || p.found == table.More
		if p.found == table.TooMany {
			wide = p
		}
		better := p.score > best.score
		if (p.layout != nil) != (best.layout != nil) {
			better = p.layout != nil
		}
		if i == 0 || better {
			best = p
		}
	}
	switch {
	case best.layout != nil:
	case unsure && len(text) < enough || best.found == table.More:
		return nil, best.length, table.More, nil
	case wide.found == table.TooMany: // with another delimiter it has one column, in which nothing is found
		return nil, wide.length, wide.found, nil
	case best.found != table.Parsed:
		return nil, best.length, best.found, nil
	default:
		return nil, 0, table.Parsed, unknown(text, columns, best.err)
	}
	f.layout = best.layout
	header := table.NewHeader(best.delimiter, best.names, best.width, text[best.line:best.length], f.layout.cert, f.layout.secrets...)
	header.Need(f.layout.all...)
	return header, best.length, table.Parsed, nil
}

// enough is how much of a table is read to find its columns, in bytes.
const enough = 128 << 10

// candidates returns the delimiters to try.
func candidates(stated byte) []byte {
	if stated != 0 {
		return []byte{stated}
	}
	return table.Delimiters()
}

// unknown returns why a table cannot be read. cause says what is missing if columns were given.
func unknown(text []byte, columns manifest.Columns, cause error) error {
	if columns.ByNumber() && cause != nil {
		return cause // without a header, what looks like names may be a secret
	}
	explained := table.Explain(text)
	switch {
	case manifest.ReasonOf(cause) == manifest.ReasonDuplicateField:
		return table.Guessed(cause, text)
	case cause == nil && explained == nil:
		return manifest.Errorf(manifest.ReasonUnknownFormat, "this is not a table")
	case explained == nil || cause != nil && manifest.ReasonOf(cause) != manifest.ReasonUnknownColumns:
		return cause
	case cause == nil:
		return explained
	}
	return manifest.UnknownColumns(manifest.GuessOf(explained), "%w; %w", cause, explained)
}

// A place is where the entries of a table begin, if it has a certain delimiter.
type place struct {
	delimiter    byte
	layout       *layout // nil if the columns were not found
	names        []string
	width        int
	line, length int // the indexes at which the header and the first entry begin
	score        int
	found        table.Parsing
	err          error
}

// search looks for the columns in the first records of text.
func search(columns manifest.Columns, text []byte, delimiter byte, ended bool) place {
	if columns.ByNumber() {
		return searchByNumber(columns, text, delimiter, ended)
	}
	best := place{delimiter: delimiter, score: -1}
	at := 0
	for number := 0; number < table.MaxTitles && at < len(text); number++ {
		var r table.Record
		n, found := r.Parse(text[at:], delimiter, ended)
		if found != table.Parsed {
			if best.err == nil || found == table.More {
				best.found, best.length = found, at+n
			}
			return best
		}
		if r.Odd == "" && !bytes.HasPrefix(text[at:], []byte("#")) {
			names := r.Names()
			l, err := newLayout(columns, names, len(names))
			if err == nil {
				return place{delimiter: delimiter, layout: l, names: names, width: len(names), line: at, length: at + n, score: len(names)}
			}
			if score := matches(columns, names); score > best.score {
				best.score, best.err = score, err
			}
		}
		at += n
	}
	if at == len(text) && !ended && at == 0 {
		best.found = table.More
	}
	return best
}

// matches returns the number of columns that names have.
func matches(columns manifest.Columns, names []string) int {
	n := 0
	for _, use := range columns.Uses() {
		if at, _ := locate(&use, names, 0); at >= 0 {
			n++
		}
	}
	return n
}

// searchByNumber looks for the first entry of a table whose columns are given by number. A
// record before it is the header if it names the column of the certificates. Without a header,
// records with no more than one cell that is not empty are titles. The first certificate
// tells how many columns there are.
func searchByNumber(columns manifest.Columns, text []byte, delimiter byte, ended bool) place {
	p := place{delimiter: delimiter, found: table.Parsed}
	type row struct {
		names []string
		at, n int
	}
	var rows []row
	at, certain := 0, -1
	for len(rows) < table.MaxTitles && at < len(text) && certain < 0 {
		var r table.Record
		n, found := r.Parse(text[at:], delimiter, ended)
		if found == table.Astray { // perhaps the seam of two tables
			if l, err := newLayout(columns, nil, r.AstrayCell()+1); err == nil {
				n, found = table.NewHeader(delimiter, nil, r.AstrayCell()+1, nil, l.cert).Parse(&r, text[at:], ended)
			}
		}
		if found != table.Parsed {
			if len(rows) == 0 || found == table.More {
				p.found, p.length = found, at+n
				return p
			}
			break
		}
		if !bytes.HasPrefix(text[at:], []byte("#")) {
			names := r.Names()
			if l, err := newLayout(columns, nil, len(names)); err == nil && r.Odd == "" && table.LooksLikeCertificate([]byte(names[l.cert])) {
				certain = len(rows)
			}
			rows = append(rows, row{names, at, n})
		}
		at += n
	}
	first := slices.IndexFunc(rows, func(r row) bool { return filled(r.names) > 1 || len(columns.Uses()) == 1 })
	model := max(first, certain) // the record that tells the number of columns
	if model < 0 {
		p.err = manifest.UnknownColumns(manifest.Columns{}, "the table has no records")
		return p
	}
	p.width = len(rows[model].names)
	for _, r := range rows[:max(certain, min(len(rows), first+1))] {
		l, err := newLayout(columns, nil, len(r.names))
		if err == nil && len(r.names) == p.width && isCertificateHeader(r.names[l.cert]) {
			p.names, p.line, p.length = r.names, r.at, r.at+r.n
			p.layout, p.err = newLayout(columns, r.names, p.width)
		}
	}
	if p.names == nil {
		p.layout, p.err = newLayout(columns, nil, p.width)
		p.line, p.length = rows[first].at, rows[first].at
	}
	if p.score = p.width; certain >= 0 {
		p.score += 2 * table.MaxColumns
	}
	return p
}

func filled(cells []string) int {
	n := 0
	for _, cell := range cells {
		if cell != "" {
			n++
		}
	}
	return n
}

// isCertificateHeader reports whether a cell names a column of certificates.
func isCertificateHeader(cell string) bool {
	const longest = 100
	key := manifest.ColumnKey(cell)
	if len(cell) > longest || strings.HasPrefix(cell, "-----") {
		return false
	}
	for _, part := range []string{"cert", "pem", "x509", "x.509", "crt"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
