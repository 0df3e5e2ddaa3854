package terminal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli/terminal"
)

func TestTableIsAlignedOnATerminalAndTabbedElsewhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		terminal bool
		want     string
	}{
		{true, "NAME    N\nlonger  1\na·b     22\nempty\n"},
		{false, "longer\t1\na·b\t22\nempty\t\n"},
	} {
		var out bytes.Buffer
		table := terminal.Streams{Out: &out, OutTerminal: test.terminal}.Table("NAME", "N")
		table.Row("longer", "1")
		table.Row("a\x1bb", "22")
		table.Row("empty", "")
		if err := table.Flush(); err != nil || out.String() != test.want {
			t.Errorf("%v, %q, want %q", err, out.String(), test.want)
		}
	}
}

// A million rows must not be buffered to find their widths.
func TestTableHoldsBackTheFirstRowsOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := terminal.NewTable(&out, true)
	for range 10_000 {
		table.Row("a", "b")
	}
	if out.Len() == 0 {
		t.Error("nothing is printed before the end")
	}
	if err := table.Flush(); err != nil || strings.Count(out.String(), "a  b\n") != 10_000 {
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
