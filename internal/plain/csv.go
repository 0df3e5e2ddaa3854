package plain

import (
	"strings"
	"unicode/utf8"
)

const (
	// separators are where programs split a line, if they do not respect quotes or expect another
	// separator. In many countries a spreadsheet expects a semicolon. Cells have no tabs.
	separators = ";,|"
	// triggers begin a formula, in full width too, or a command of some programs (CWE-1236).
	triggers = "=+-@|%＝＋－＠｜％"
)

// Cell returns text as a cell of a CSV file: on one line, without characters that hide, in quotes. An
// apostrophe before what a spreadsheet would run as a formula, at the beginning or after any separator,
// makes it text.
func Cell(text string) string {
	text = clean(text)
	var b strings.Builder
	b.WriteByte('"')
	begins := true
	for i, r := range text {
		if begins && isFormula(text[i:]) {
			b.WriteByte('\'')
		}
		begins = strings.ContainsRune(separators, r)
		if r == '"' {
			b.WriteByte('"')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}

// isFormula reports whether a cell that begins so may be run. Some programs pass over spaces and
// quotes.
func isFormula(cell string) bool {
	first, size := utf8.DecodeRuneInString(strings.TrimLeft(cell, ` "`))
	return size > 0 && strings.ContainsRune(triggers, first)
}
