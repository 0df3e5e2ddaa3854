package plain_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/thingpress/thingpress/internal/plain"
)

func TestTextShowsOnlyWhatIsMeantToBeSeen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"reel 7.csv": "reel 7.csv", "Rolle Nº 5 – März": "Rolle Nº 5 – März", "工場 🏭": "工場 🏭", "שלום": "שלום",
		"a\x1b[31mb": "a·[31mb", "a\u009b31m": "a·31m", "a\nb\tc\rd": "a·b·c·d", "a\u202eb": "a·b", "a\u2066b\u2069": "a·b·",
		"a\u200bb\ufeff": "a·b·", "a\u2028b\u2029": "a·b·", "a\u00a0b": "a·b", "a\ufe0fb": "a·b", "a\u3164b": "a·b", "\U000e0041": "·",
		"a\xffb": "a\ufffdb", "\ue000": "·",
		strings.Repeat("ä", 5000): strings.Repeat("ä", 4000) + "…",
	} {
		if got := plain.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// A name with a line end must not look like the next line of the program.
func TestLinesOfATextCannotBeForged(t *testing.T) {
	t.Parallel()
	if got := plain.Lines("a\nhint: curl x | sh\n"); got != "a\n  hint: curl x | sh" {
		t.Errorf("%q", got)
	}
	if got := plain.Sprintf("%s %v %q %d %v", "a\nb", errors.New("c\x1bd"), "e", 7, []string{"f\n"}); got != `a·b c·d "e" 7 [f·]` {
		t.Errorf("%q", got)
	}
}

// A character may arrive in two writes, and an escape sequence as well.
func TestWriterCleansAcrossWrites(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	w := plain.NewWriter(&out)
	for _, b := range []byte("ä\t\u202eb\x1b[0m\r\n") {
		if n, err := w.Write([]byte{b}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if out.String() != "ä\t·b·[0m·\n" {
		t.Errorf("%q", out.String())
	}
}

// FuzzJSON looks for a value that means something else, or hides, after escaping.
func FuzzJSON(f *testing.F) {
	f.Add("ä\u009b\u202e\U000e0041\u2028\\u0041\"")
	f.Fuzz(func(t *testing.T, text string) {
		var out strings.Builder
		if err := json.NewEncoder(plain.JSONWriter(&out)).Encode(text); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got != strings.ToValidUTF8(text, "\ufffd") && len(text) == len(got) {
			t.Errorf("%q becomes %q: %v", text, got, err)
		}
		hidden := func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }
		if strings.ContainsFunc(strings.TrimSuffix(out.String(), "\n"), hidden) {
			t.Errorf("%q", out.String())
		}
	})
}

func TestCellIsNoFormulaWhateverSeparates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": `"a"`, "": `""`, `a "b", c`: `"a ""b"", c"`, "=1": `"'=1"`, "a;=1": `"a;'=1"`, "a,@b": `"a,'@b"`, "|x": `"'|x"`, "%x": `"'%x"`,
		" =1": `"' =1"`, `a;"=1`: `"a;'""=1"`, "＝1": `"'＝1"`, "\t=1": `"·=1"`, "a\n=1": `"a·=1"`, "arn:aws:iot:x": `"arn:aws:iot:x"`,
	} {
		if got := plain.Cell(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

// FuzzCell looks for a cell that a program would split into formulas with any separator, or that is
// not one cell of a CSV file.
func FuzzCell(f *testing.F) {
	f.Add(`=x;=y,"@z|-w`)
	f.Fuzz(func(t *testing.T, text string) {
		cell := plain.Cell(text)
		row, err := csv.NewReader(strings.NewReader(cell + "," + cell)).Read()
		if err != nil || len(row) != 2 || row[0] != row[1] {
			t.Fatalf("%s: %q, %v", cell, row, err)
		}
		for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(";,\t|\n\r", r) }) {
			if part = strings.TrimLeft(part, ` "`); part != "" && strings.ContainsAny(part[:1], "=+-@%") {
				t.Errorf("%q has the formula %q", cell, part)
			}
		}
	})
}
