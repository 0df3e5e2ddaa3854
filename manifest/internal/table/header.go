package table

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// A Header is what the beginning of a table says about its records.
type Header struct {
	Delimiter byte
	// Names are the headers of the columns as they are written; nil if the table has none.
	Names []string
	// Width is the number of columns.
	Width int
	// Cert is the index of the column with the certificates.
	Cert int

	// needed is how many cells a record has at least. Spreadsheets leave out empty cells at the end.
	needed int
	line   []byte // the text of the header line without its end; nil if there is none
	// withheld are the columns whose cells are not passed on.
	withheld []bool
}

// A Finder looks for the header in text, which begins with the first record that is neither
// blank nor a comment. stated is the delimiter that the table states, or 0. It returns what
// precedes the first entry as a number of bytes. If that is not yet certain it returns
// [More], unless text is the end of the table.
type Finder func(text []byte, stated byte, ended bool) (h *Header, n int, found Parsing, err error)

// NewHeader returns the header of a table. line is the text of its record, with names for
// the columns, or empty. cert is the index of the column with the certificates, and secret
// are those of columns that hold secrets besides those whose names say so.
func NewHeader(delimiter byte, names []string, width int, line []byte, cert int, secret ...int) *Header {
	h := &Header{Delimiter: delimiter, Names: names, Width: width, Cert: cert, needed: cert + 1, withheld: make([]bool, width)}
	if names != nil {
		h.line = bytes.Clone(bytes.TrimRight(line, "\r\n"))
	}
	for i := range h.withheld {
		h.withheld[i] = i == cert || slices.Contains(secret, i) || i < len(names) && manifest.SecretColumn(names[i])
	}
	return h
}

// Need makes records that end before one of these columns malformed. Columns may be -1.
func (h *Header) Need(columns ...int) {
	for _, column := range columns {
		h.needed = max(h.needed, column+1)
	}
}

// Label returns a column for messages: its name, or its number.
func (h *Header) Label(column int) string {
	if column >= len(h.Names) || strings.TrimSpace(h.Names[column]) == "" {
		return strconv.Itoa(column + 1)
	}
	return QuoteName(h.Names[column])
}

// QuoteName returns the name of a column for messages, with quotes unless it is a plain word.
func QuoteName(name string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
	}
	if name != "" && !strings.ContainsFunc(name, func(c rune) bool { return !plain(c) }) && len(name) <= longestName {
		return name
	}
	return manifest.Quote(shortened(name))
}

// longestName is how much of the name of a column a message has, in bytes.
const longestName = 40

func shortened(name string) string {
	return strings.ToValidUTF8(name[:min(len(name), longestName)], "")
}

// repeats reports whether a record is the header once more, as in files that were joined.
func (h *Header) repeats(r *Record) bool {
	if h.Names == nil || len(r.Cells) != len(h.Names) || r.Odd != "" {
		return false
	}
	for i, c := range r.Cells {
		if !strings.EqualFold(string(c.Value()), h.Names[i]) {
			return false
		}
	}
	return true
}

// Names returns the cells of a record as names of columns.
func (r *Record) Names() []string {
	names := make([]string, len(r.Cells))
	for i, c := range r.Cells {
		names[i] = string(c.Value())
	}
	return names
}

// StatedDelimiter returns the delimiter that Excel's own line at the beginning of a
// table states, sep=; with or without quotes, and 0 if there is no such line.
func StatedDelimiter(text []byte) byte {
	rest, ok := bytes.CutPrefix(bytes.TrimPrefix(text, []byte(`"`)), []byte("sep="))
	if !ok || len(rest) == 0 {
		return 0
	}
	return rest[0]
}

// FromFirstRecord returns the text from the first record on that is neither blank, nor a
// comment, nor Excel's line with the delimiter, and that delimiter or 0.
func FromFirstRecord(text []byte) (from []byte, stated byte) {
	for {
		text = bytes.TrimLeft(text, "\r\n")
		if delimiter := StatedDelimiter(text); delimiter != 0 {
			stated = delimiter
		} else if !bytes.HasPrefix(text, []byte("#")) {
			return text, stated
		}
		text = text[endOfCell(text, 0, '\n'):]
	}
}
