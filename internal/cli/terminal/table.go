package terminal

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/thingpress/thingpress/internal/plain"
)

// A Table prints rows in columns, which are aligned on a terminal and separated by
// tabs elsewhere. The first rows determine the widths, so a million rows take no more
// memory than a screenful.
type Table struct {
	out     *bufio.Writer
	aligned bool
	held    [][]string
	widths  []int
}

const tableSample = 200

// NewTable returns a table on out. Only an aligned table prints the columns as a heading.
func NewTable(out io.Writer, aligned bool, columns ...string) *Table {
	t := &Table{out: bufio.NewWriter(out), aligned: aligned}
	if aligned && len(columns) > 0 {
		t.Row(columns...)
	}
	return t
}

// Table returns a table on Out, which is aligned on a terminal.
func (s Streams) Table(columns ...string) *Table { return NewTable(s.Out, s.OutTerminal, columns...) }

// Row adds a row.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = plain.Text(cell)
	}
	if !t.aligned || t.widths != nil {
		t.print(row)
		return
	}
	if t.held = append(t.held, row); len(t.held) == tableSample {
		t.release()
	}
}

// release prints the rows that are held back, and sets the widths by them.
func (t *Table) release() {
	for _, row := range t.held {
		for i, cell := range row {
			if i == len(t.widths) {
				t.widths = append(t.widths, 0)
			}
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.held {
		t.print(row)
	}
	t.held = nil
}

func (t *Table) print(row []string) {
	line := strings.Join(row, "\t")
	if t.aligned {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(t.widths) {
				b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell))+2))
			}
		}
		line = strings.TrimRight(b.String(), " ")
	}
	_, _ = t.out.WriteString(line + "\n") // a bufio.Writer keeps its first error for Flush
}

// Flush prints the rows that are held back. It returns the first write error of all rows.
func (t *Table) Flush() error {
	t.release()
	return t.out.Flush()
}
