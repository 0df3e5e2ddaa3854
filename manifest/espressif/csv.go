package espressif

import (
	"bytes"
)

// maxColumns is the maximum number of columns in a record.
const maxColumns = 1000

// A record is one line of cells. It is valid until the next one is read.
type record struct {
	cells []cell
	// odd describes a fault in the record's quoting. Its end is certain, but its
	// cells must not be used.
	odd string
	// open is set if the text ended within the record.
	open bool
}

// A cell is the text between two delimiters, without surrounding quotes.
type cell struct {
	text    []byte
	escaped bool // contains doubled quotes
}

// value returns the text with doubled quotes undone, and without surrounding
// blanks and the apostrophe or formula with which spreadsheets mark text.
func (c cell) value() []byte {
	text := c.text
	if c.escaped {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '\'' {
		text = bytes.TrimSpace(text[1:])
	}
	if inside, ok := formulaText(text); ok {
		text = bytes.TrimSpace(inside)
	}
	return text
}

// formulaText returns the text of a formula that is a text only: ="…".
func formulaText(text []byte) (inside []byte, ok bool) {
	inside, ok = bytes.CutPrefix(text, []byte(`="`))
	if !ok || bytes.IndexByte(inside, '"') != len(inside)-1 {
		return nil, false
	}
	return inside[:len(inside)-1], true
}

// blank reports whether all cells are empty, as in the lines that spreadsheets leave at the end.
func (r *record) blank() bool {
	for _, c := range r.cells {
		if len(bytes.TrimSpace(c.text)) > 0 {
			return false
		}
	}
	return r.odd == "" && !r.open
}

// Results of parse.
type parsing int

const (
	parsed       parsing = iota
	parseMore            // the record continues after the text
	parseOpen            // the text ends inside quotes
	parseAstray          // quotes around several lines are followed by text: the end of the record is uncertain
	parseColumns         // more than maxColumns
)

// parse reads the record at the beginning of text according to RFC 4180, with any
// delimiter and any line end. It returns the length of the record with its line
// end. If quotes are not closed, n is the index of the opening quote.
func (r *record) parse(text []byte, delimiter byte, ended bool) (n int, found parsing) {
	r.cells, r.odd, r.open = r.cells[:0], "", false
	for at := 0; ; {
		if len(r.cells) == maxColumns {
			return at, parseColumns
		}
		next, c, found := r.cell(text, at, delimiter, ended)
		if found != parsed {
			return next, found
		}
		r.cells = append(r.cells, c)
		switch {
		case next == len(text):
			if !ended {
				return next, parseMore
			}
			r.open = true
			return next, parsed
		case text[next] == delimiter:
			at = next + 1
		case text[next] == '\n':
			return next + 1, parsed
		case next+1 < len(text) && text[next+1] == '\n':
			return next + 2, parsed
		case next+1 == len(text) && !ended:
			return next, parseMore // a CR whose LF may follow
		default:
			return next + 1, parsed
		}
	}
}

// cell reads the cell at index at. next is the index of the byte that ends it.
func (r *record) cell(text []byte, at int, delimiter byte, ended bool) (next int, c cell, found parsing) {
	start := at
	for start < len(text) && (text[start] == ' ' || text[start] == '\t') && text[start] != delimiter {
		start++
	}
	if start < len(text) && text[start] == '"' {
		return r.quoted(text, start, delimiter, ended)
	}
	next = endOfCell(text, start, delimiter)
	c.text = text[at:next]
	if bytes.IndexByte(c.text, '"') >= 0 {
		if _, ok := formulaText(bytes.TrimSpace(c.text)); !ok {
			r.odd = "a quote in the middle of a cell"
		}
	}
	return next, c, parsed
}

func (r *record) quoted(text []byte, open int, delimiter byte, ended bool) (next int, c cell, found parsing) {
	missing := parseMore
	if ended {
		missing = parseOpen
	}
	at := open + 1
	for {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return open, c, missing
		}
		at += quote
		if at+1 == len(text) && !ended {
			return open, c, parseMore
		}
		if at+1 == len(text) || text[at+1] != '"' {
			break
		}
		c.escaped = true
		at += 2
	}
	c.text = text[open+1 : at]
	for at++; at < len(text) && (text[at] == ' ' || text[at] == '\t') && text[at] != delimiter; at++ {
	}
	if at == len(text) || text[at] == delimiter || text[at] == '\n' || text[at] == '\r' {
		return at, c, parsed
	}
	if bytes.ContainsAny(c.text, "\r\n") {
		return open, c, parseAstray
	}
	r.odd = "text behind a closing quote"
	return endOfCell(text, at, delimiter), c, parsed
}

func endOfCell(text []byte, at int, delimiter byte) int {
	for at < len(text) && text[at] != delimiter && text[at] != '\n' && text[at] != '\r' {
		at++
	}
	return at
}
