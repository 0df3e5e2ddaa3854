package terminal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/terminal"
)

var columns = []terminal.Column{
	{Name: "IMPORT"}, {Name: "STATE", Drop: 2}, {Name: "ENTRIES", Drop: 1, Number: true}, {Name: "MANIFEST", Cut: true},
}

func TestTableIsAlignedOnATerminalAndTabbedElsewhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		terminal bool
		want     string
	}{
		{true, "IMPORT  STATE  ENTRIES  MANIFEST\nlonger  done     1,234\na·b                     reel.csv\n"},
		{false, "IMPORT\tSTATE\tENTRIES\tMANIFEST\nlonger\tdone\t1234\t\na·b\t\t\treel.csv\n"},
	} {
		var out bytes.Buffer
		table := terminal.Streams{Out: &out, OutTerminal: test.terminal}.Table(columns)
		table.Row("longer", "done", "1234", "")
		table.Row("a\x1bb", "", "", "reel.csv")
		if err := table.Flush(); err != nil || out.String() != test.want {
			t.Errorf("%v, %q, want %q", err, out.String(), test.want)
		}
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		60: "IMPORT  STATE  ENTRIES  MANIFEST\n0198ab  done   250,000  first-delivery-reel-0042.csv\n",
		50: "IMPORT  STATE  ENTRIES  MANIFEST\n0198ab  done   250,000  first-deliver…eel-0042.csv\n",
		36: "IMPORT  STATE  MANIFEST\n0198ab  done   first-deli…l-0042.csv\n",
		26: "IMPORT  MANIFEST\n0198ab  first-del…0042.csv\n",
		10: "IMPORT  MANIFEST\n0198ab  first-de…042.csv\n", // what must stay is wider
	} {
		var out bytes.Buffer
		table := terminal.NewTable(&out, width, columns)
		table.Row("0198ab", "done", "250000", "first-delivery-reel-0042.csv")
		if err := table.Flush(); err != nil || out.String() != want {
			t.Errorf("%d columns: %v\n%s\nwant\n%s", width, err, out.String(), want)
		}
	}
}

// A million rows must not be buffered to find their widths, and a long value after those must not
// move the columns.
func TestTableHoldsBackTheFirstRowsOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := terminal.NewTable(&out, 80, []terminal.Column{{Name: "A", Cut: true}, {Name: "B"}})
	for range 10_000 {
		table.Row("a", "b")
	}
	if out.Len() == 0 {
		t.Error("nothing is printed before the end")
	}
	table.Row("abc", "b")
	if err := table.Flush(); err != nil || strings.Count(out.String(), "a  b\n") != 10_000 || !strings.HasSuffix(out.String(), "\n…  b\n") {
		t.Errorf("%v, %d rows", err, strings.Count(out.String(), "a  b\n"))
	}
}

func TestConfirmTakesNothingButYes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answer string
		want   bool
	}{{"y\n", true}, {" YES \n", true}, {"yes", true}, {"\n", false}, {"", false}, {"no\n", false}, {"yesterday\n", false}} {
		var asked bytes.Buffer
		s := terminal.Streams{In: strings.NewReader(test.answer), Err: &asked, InTerminal: true, ErrTerminal: true}
		if s.Confirm("continue?") != test.want || asked.String() != "continue? [y/N] " {
			t.Errorf("%q: not %v, or asked %q", test.answer, test.want, asked.String())
		}
	}
	if (terminal.Streams{In: strings.NewReader("y\n")}).Confirm("continue?") {
		t.Error("confirmed although nobody can be asked")
	}
}
