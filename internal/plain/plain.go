// Package plain shows text of others, such as names in manifests and archives, file names and answers
// of AWS, so that it cannot control a terminal, pretend to be something else, or be run by a
// spreadsheet. Whatever prints text uses it once, where it prints.
package plain

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark replaces a character that is not shown.
const mark = '·'

// textMost is how many characters of a text are shown. It is above what AWS allows for a name or
// a message.
const textMost = 4000

// hides reports whether a character shows nothing of its own: control and format characters, which
// change how others are shown (Trojan Source, CVE-2021-42574), other spaces and line ends, private
// and unassigned characters, and those that Unicode calls default-ignorable.
func hides(r rune) bool {
	if r >= ' ' && r < 0x7f {
		return false
	}
	return !unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Text returns text on one line, without characters that hide, cut to 4,000 characters.
func Text(text string) string {
	if len(text) > textMost {
		n := 0
		for i := range text {
			if n++; n > textMost {
				text = text[:i] + "…"
				break
			}
		}
	}
	return clean(text)
}

// clean returns text without characters that hide.
func clean(text string) string {
	if !strings.ContainsFunc(text, hides) && utf8.ValidString(text) {
		return text
	}
	return strings.Map(shown, text)
}

func shown(r rune) rune {
	if hides(r) {
		return mark
	}
	return r
}

// Lines is like Text for text of several lines. It indents all but the first, so that none of them
// looks like a line of the program.
func Lines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = Text(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// Sprintf is like [fmt.Sprintf] with [Text] of every argument that is text: strings, lists of
// strings, errors and Stringers.
func Sprintf(format string, args ...any) string {
	cleaned := make([]any, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case error:
			cleaned[i] = Text(a.Error())
		case fmt.Stringer:
			cleaned[i] = Text(a.String())
		case []string:
			list := make([]string, len(a))
			for i := range a {
				list[i] = Text(a[i])
			}
			cleaned[i] = list
		default:
			cleaned[i] = arg
			if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
				cleaned[i] = Text(v.String())
			}
		}
	}
	return fmt.Sprintf(format, cleaned...)
}

// Fprintf writes the result of [Sprintf].
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	return io.WriteString(w, Sprintf(format, args...))
}
