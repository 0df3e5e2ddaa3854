package table

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// Delimiters returns what may separate the cells of a table, the most frequent first.
func Delimiters() []byte { return []byte{',', ';', '\t', '|'} }

// MaxTitles is the number of records at the beginning of a table among which its header is
// looked for.
const MaxTitles = 20

// Explain returns an error that lists the columns of a table in which no column is known to
// have certificates, with a guess of what they hold. It returns nil if text, the beginning of a
// file from the first record on, is not a table.
func Explain(text []byte) error {
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("-----BEGIN ")) {
		return nil // PEM, such as a request
	}
	s := sampleOf(text)
	if s.names != nil || s.cert >= 0 {
		err := checkEncoding(text, false, 1)
		switch {
		case err != nil && bytes.IndexByte(text, 0) >= 0:
			return nil // binary data in which something looks like a header by chance
		case err != nil:
			return err
		}
	}
	if s.names == nil && s.cert < 0 {
		if hasTooMany(text) {
			return manifest.Errorf(manifest.ReasonUnknownFormat, "this is a table with more than %d columns, the most that are read", MaxColumns)
		}
		return nil
	}
	what := "this is a table"
	if s.names == nil {
		what += " without a header, and with " + countOf(s.width)
	} else {
		what += " with the columns " + listColumns(s.names)
	}
	if s.delimiter == '|' {
		what += ", separated by |"
	}
	if s.line > 1 {
		what += fmt.Sprintf(", which line %d of the table names", s.line)
	}
	if s.cert < 0 {
		return manifest.UnknownColumns(manifest.Columns{}, "%s; none of them seems to hold certificates", what)
	}
	return manifest.UnknownColumns(s.guess(), "%s; the certificates seem to be in column %s", what, s.label(s.cert))
}

// countOf returns a number of columns for a message.
func countOf(columns int) string {
	if columns == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", columns)
}

// Guessed returns err, about the header of the table that text begins, with a guess of what its columns
// hold. The guess names columns that are there twice by their numbers.
func Guessed(err error, text []byte) error {
	s := sampleOf(text)
	if s.cert < 0 {
		return err
	}
	return manifest.WithGuess(err, s.guess())
}

// A sample is the beginning of a table.
type sample struct {
	delimiter byte
	width     int
	names     []string // nil without a header
	line      int      // of the header, in lines of text
	cert      int      // -1 if no column holds certificates
	rows      [][]string
}

// sampleOf reads the beginning of a table, with the delimiter that fits best.
func sampleOf(text []byte) sample {
	best := sample{cert: -1}
	for _, delimiter := range Delimiters() {
		s := sampleWith(text, delimiter)
		if s.cert >= 0 && (best.cert < 0 || s.width > best.width) || s.cert < 0 && best.cert < 0 && s.width > max(1, best.width) {
			best = s
		}
	}
	return best
}

// hasTooMany reports whether the first record of a table has more than [MaxColumns].
func hasTooMany(text []byte) bool {
	for _, delimiter := range Delimiters() {
		var r Record
		if _, found := r.Parse(text, delimiter, true); found == TooMany {
			return true
		}
	}
	return false
}

// sampleWith reads the beginning of a table.
func sampleWith(text []byte, delimiter byte) sample {
	var rows [][]string
	var lines []int
	unreadable := false // after the rows
	for line := 1; len(rows) < MaxTitles && len(text) > 0; {
		var r Record
		n, found := r.Parse(text, delimiter, true)
		if found != Parsed || r.Odd != "" {
			unreadable = true
			break
		}
		if (len(r.Cells) > 1 || !r.blank()) && !r.ruled() && text[0] != '#' {
			rows, lines = append(rows, r.Names()), append(lines, line)
		}
		line += bytes.Count(text[:n], []byte{'\n'})
		text = text[n:]
	}
	for i, row := range rows {
		cert := certificateIn(row)
		if cert < 0 {
			continue
		}
		s := sample{delimiter: delimiter, cert: cert, width: len(row)}
		for before := range i { // the header is the last record before
			if len(rows[before]) == s.width {
				s.names, s.line = rows[before], lines[before]
			}
		}
		for _, row := range rows[i:] {
			if len(row) == s.width && strings.Join(row, "") != "" {
				s.rows = append(s.rows, row)
			}
		}
		return s
	}
	// Without a certificate, a header is recognized by the record after it.
	if len(rows) == 0 || len(rows[0]) < 2 || strings.Join(rows[0], "") == "" ||
		len(rows) == 1 && !unreadable || len(rows) > 1 && len(rows[1]) != len(rows[0]) {

		return sample{cert: -1}
	}
	return sample{delimiter: delimiter, cert: -1, width: len(rows[0]), names: rows[0], line: lines[0]}
}

// certificateIn returns the index of the first cell that begins like a certificate, or -1.
func certificateIn(cells []string) int {
	for i, cell := range cells {
		if LooksLikeCertificate([]byte(cell)) {
			return i
		}
	}
	return -1
}

func (s *sample) label(column int) string {
	h := Header{Names: s.names}
	return h.Label(column)
}

// listColumns returns the names of columns for a message.
func listColumns(names []string) string {
	const most = 12
	quoted := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, manifest.Quote(shortened(name)))
	}
	list := strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
