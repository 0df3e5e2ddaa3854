package terminal

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// A Column is a column of a [Table]. Only a table on a terminal heeds what follows the name.
type Column struct {
	Name string
	// Drop is the turn of the column to be left out if the terminal is too narrow for all, beginning
	// with 1. A column with 0 stays.
	Drop int
	// Omit leaves the column out, because it has nothing to say.
	Omit bool
	// Cut allows values to be cut in the middle.
	Cut bool
	// Number groups the digits of whole numbers and aligns them to the right.
	Number bool
}

// A Table prints rows in columns below a heading. On a terminal the columns are aligned and fit its
// width, elsewhere they are separated by tabs. The first rows determine the widths, so a million
// rows take no more memory than a screenful.
type Table struct {
	out     *bufio.Writer
	width   int // of the terminal; 0 for tabs
	columns []Column
	headed  bool
	held    [][]string
	widths  []int // 0 for a column that is left out
}

const (
	tableSample = 200
	// cutLeast is the width to which values are cut before a column is left out.
	cutLeast = 16
	gap      = 2
)

// NewTable returns a table on out for a terminal of this width, or separated by tabs if the width is 0.
func NewTable(out io.Writer, width int, columns []Column) *Table {
	return &Table{out: bufio.NewWriter(out), width: width, columns: columns}
}

// OmitHeading omits the heading, of a table that continues another one. Call it before the first row.
func (t *Table) OmitHeading() { t.headed = true }

func (t *Table) heading() {
	if t.headed {
		return
	}
	t.headed = true
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	t.Row(names...)
}

// Table returns a table on Out.
func (s Streams) Table(columns []Column) *Table { return NewTable(s.Out, s.TableWidth(), columns) }

// TableWidth returns the width for a table on Out, which is 0 unless Out is a terminal.
func (s Streams) TableWidth() int {
	if !s.OutTerminal {
		return 0
	}
	if s.Width == nil {
		return 80
	}
	return s.Width()
}

// Row adds a row, which has a cell for each column.
func (t *Table) Row(cells ...string) {
	t.heading()
	row := make([]string, len(t.columns))
	for i := range row {
		if i < len(cells) {
			row[i] = plain.Text(cells[i])
		}
		if n, err := strconv.ParseInt(row[i], 10, 64); err == nil && t.width > 0 && t.columns[i].Number {
			row[i] = progress.Count(n)
		}
	}
	if t.width == 0 || t.widths != nil {
		t.print(row)
		return
	}
	if t.held = append(t.held, row); len(t.held) == tableSample {
		t.release()
	}
}

// release prints the rows that are held back, and sets the widths by them.
func (t *Table) release() {
	if len(t.held) == 0 {
		return
	}
	widths := make([]int, len(t.columns))
	for _, row := range t.held {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	t.widths = fitted(t.columns, widths, t.width)
	for _, row := range t.held {
		t.print(row)
	}
	t.held = nil
}

// fitted returns the widths of columns that fit a terminal. It leaves columns out while the others
// would have to be cut below [cutLeast], and then takes from the widest.
func fitted(columns []Column, widths []int, terminal int) []int {
	least := make([]int, len(columns))
	for i, c := range columns {
		if least[i] = widths[i]; c.Cut {
			least[i] = min(widths[i], max(cutLeast, len(c.Name)))
		}
		if c.Omit {
			widths[i], least[i] = 0, 0
		}
	}
	for turn := 1; turn <= len(columns) && total(least) > terminal; turn++ {
		for i, c := range columns {
			if c.Drop == turn {
				widths[i], least[i] = 0, 0
			}
		}
	}
	for total(widths) > terminal {
		widest := -1
		for i, c := range columns {
			if c.Cut && widths[i] > least[i] && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break // the terminal is too narrow for what has to stay
		}
		widths[widest]--
	}
	return widths
}

// total returns the width of a row.
func total(widths []int) int {
	sum := -gap
	for _, width := range widths {
		if width > 0 {
			sum += width + gap
		}
	}
	return sum
}

func (t *Table) print(row []string) {
	line := strings.Join(row, "\t")
	if t.width > 0 {
		var b strings.Builder
		for i, cell := range row {
			if t.widths[i] == 0 {
				continue
			}
			if t.columns[i].Cut {
				cell = cutMiddle(cell, t.widths[i])
			}
			blanks := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell)))
			if t.columns[i].Number {
				cell, blanks = blanks+cell, ""
			}
			b.WriteString(cell + blanks + strings.Repeat(" ", gap))
		}
		line = strings.TrimRight(b.String(), " ")
	}
	_, _ = t.out.WriteString(line + "\n") // a bufio.Writer keeps its first error for Flush
}

// cutMiddle returns text with at most this many characters. Of a longer one it keeps both ends,
// because names often differ in the end.
func cutMiddle(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	tail := (most - 1) / 2
	return string(runes[:most-1-tail]) + "…" + string(runes[len(runes)-tail:])
}

// Flush prints the rows that are held back. It returns the first write error of all rows.
func (t *Table) Flush() error {
	t.heading()
	t.release()
	return t.out.Flush()
}
