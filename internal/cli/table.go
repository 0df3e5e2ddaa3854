package cli

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// A table prints rows in columns: aligned on a terminal, separated by tabs
// elsewhere. Widths come from the first rows, so that a million rows need no
// more memory than a screenful.
type table struct {
	out     *bufio.Writer
	aligned bool
	held    [][]string
	widths  []int
}

const tableSample = 200

func newTable(out io.Writer, aligned bool, columns ...string) *table {
	t := &table{out: bufio.NewWriter(out), aligned: aligned}
	if aligned {
		t.row(columns...)
	}
	return t
}

func (t *table) row(cells ...string) {
	if !t.aligned {
		plainCells := make([]string, len(cells))
		for i, cell := range cells {
			plainCells[i] = plain(cell)
		}
		t.write(strings.Join(plainCells, "\t"))
		return
	}
	if t.widths != nil {
		t.print(cells)
		return
	}
	t.held = append(t.held, append([]string(nil), cells...))
	if len(t.held) == tableSample {
		t.release()
	}
}

func (t *table) release() {
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

func (t *table) print(cells []string) {
	var line strings.Builder
	for i, cell := range cells {
		cell = plain(cell)
		line.WriteString(cell)
		if i < len(cells)-1 && i < len(t.widths) {
			line.WriteString(strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell))+2))
		}
	}
	t.write(line.String())
}

func (t *table) write(line string) {
	// A bufio.Writer keeps its first error for Flush.
	_, _ = t.out.WriteString(line + "\n")
}

// flush prints what is held back. Write errors of all rows come out here.
func (t *table) flush() error {
	t.release()
	return t.out.Flush()
}

// plain takes control characters out of what a manifest or a server wrote, so
// that it cannot steer a terminal or break a row.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '·'
		}
		return r
	}, text)
}
