package table

import "bytes"

// MaxColumns is the maximum number of columns in a record.
const MaxColumns = 1000

// A Record is one line of cells. It is valid until the next one is read.
type Record struct {
	Cells []Cell
	// Odd describes a fault in the record's quoting; "" if there is none. The end of the
	// record is certain, but its cells must not be used.
	Odd string
	// open is set if the text ended within the record.
	open bool
	// astray is the index of the text after a closing quote; 0 if there is none. The
	// quote is that of cell number astrayCell, from 0.
	astray, astrayCell int
}

// A Cell is the text between two delimiters, without surrounding quotes.
type Cell struct {
	Text    []byte
	escaped bool // contains doubled quotes
}

// Value returns the text with doubled quotes undone, and without surrounding
// blanks and the apostrophes or formula with which spreadsheets mark text.
func (c Cell) Value() []byte {
	text := c.Text
	if c.escaped {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '\'' {
		text = text[1:]
		if last := len(text) - 1; last > 0 && text[last] == '\'' { // of a program that quotes with apostrophes
			text = text[:last]
		}
		text = bytes.TrimSpace(text)
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

// AstrayCell returns the index of the cell whose quotes made [Record.Parse] return [Astray].
func (r *Record) AstrayCell() int { return r.astrayCell }

// blank reports whether all cells are empty, as in the lines that spreadsheets leave at the end, or
// are a rule, as that below the header in what databases print and in Markdown.
func (r *Record) blank() bool {
	for _, c := range r.Cells {
		if text := bytes.TrimSpace(c.Text); len(text) > 0 && !isRule(text) {
			return false
		}
	}
	return r.Odd == "" && !r.open
}

// ruled reports whether all cells that are not empty are rules.
func (r *Record) ruled() bool {
	for _, c := range r.Cells {
		if isRule(bytes.TrimSpace(c.Text)) {
			return r.blank()
		}
	}
	return false
}

// isRule reports whether text draws a line.
func isRule(text []byte) bool {
	return bytes.Contains(text, []byte("---")) && len(bytes.Trim(text, "-+:|")) == 0
}

// dropEmpty drops empty cells at the end until there are width cells. Programs that end each cell with
// a delimiter write one more than the header has.
func (r *Record) dropEmpty(width int) {
	for last := len(r.Cells) - 1; last >= width && len(bytes.TrimSpace(r.Cells[last].Text)) == 0; last-- {
		r.Cells = r.Cells[:last]
	}
}

// A Parsing is the result of [Record.Parse].
type Parsing int

// Results of [Record.Parse].
const (
	Parsed   Parsing = iota
	More             // the record continues after the text
	Unclosed         // the text ends inside quotes
	Astray           // quotes around several lines are followed by text: the end of the record is uncertain
	TooMany          // more than MaxColumns
)

// Parse reads the record at the beginning of text according to RFC 4180, with any
// delimiter and any line end. It returns the length of the record with its line
// end. If quotes are not closed, n is the index of the opening quote.
func (r *Record) Parse(text []byte, delimiter byte, ended bool) (n int, found Parsing) {
	r.Cells, r.Odd, r.open, r.astray = r.Cells[:0], "", false, 0
	for at := 0; ; {
		if len(r.Cells) == MaxColumns {
			return at, TooMany
		}
		next, c, found := r.cell(text, at, delimiter, ended)
		if found != Parsed {
			return next, found
		}
		r.Cells = append(r.Cells, c)
		switch {
		case next == len(text):
			if !ended {
				return next, More
			}
			r.open = true
			return next, Parsed
		case text[next] == delimiter:
			at = next + 1
		case text[next] == '\n':
			return next + 1, Parsed
		case next+1 < len(text) && text[next+1] == '\n':
			return next + 2, Parsed
		case next+1 == len(text) && !ended:
			return next, More // a CR whose LF may follow
		default:
			return next + 1, Parsed
		}
	}
}

// cell reads the cell at index at. next is the index of the byte that ends it.
func (r *Record) cell(text []byte, at int, delimiter byte, ended bool) (next int, c Cell, found Parsing) {
	start := at
	for start < len(text) && (text[start] == ' ' || text[start] == '\t') && text[start] != delimiter {
		start++
	}
	if start < len(text) && text[start] == '"' {
		return r.quoted(text, start, delimiter, ended)
	}
	next = endOfCell(text, start, delimiter)
	c.Text = text[at:next]
	if bytes.IndexByte(c.Text, '"') >= 0 {
		if _, ok := formulaText(bytes.TrimSpace(c.Text)); !ok {
			r.Odd = "a quote in the middle of a cell"
		}
	}
	return next, c, Parsed
}

func (r *Record) quoted(text []byte, open int, delimiter byte, ended bool) (next int, c Cell, found Parsing) {
	missing := More
	if ended {
		missing = Unclosed
	}
	at := open + 1
	for {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return open, c, missing
		}
		at += quote
		if at+1 == len(text) && !ended {
			return open, c, More
		}
		if at+1 == len(text) || text[at+1] != '"' {
			break
		}
		c.escaped = true
		at += 2
	}
	c.Text = text[open+1 : at]
	for at++; at < len(text) && (text[at] == ' ' || text[at] == '\t') && text[at] != delimiter; at++ {
	}
	if at == len(text) || text[at] == delimiter || text[at] == '\n' || text[at] == '\r' {
		return at, c, Parsed
	}
	if r.astray == 0 {
		r.astray, r.astrayCell = at, len(r.Cells)
	}
	if bytes.ContainsAny(c.Text, "\r\n") {
		return open, c, Astray
	}
	r.Odd = "text behind a closing quote"
	return endOfCell(text, at, delimiter), c, Parsed
}

func endOfCell(text []byte, at int, delimiter byte) int {
	for at < len(text) && text[at] != delimiter && text[at] != '\n' && text[at] != '\r' {
		at++
	}
	return at
}
