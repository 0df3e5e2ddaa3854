package plain

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Wrap breaks lines that are wider than width between words, and indents what continues a line. It
// never breaks inside single quotes, so that a quoted command can be pasted. Colours take no room. A
// width of 0 breaks nothing.
func Wrap(text string, width int) string {
	if width == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if columns(line) > width {
			lines[i] = wrapLine(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	words := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(words)]
	var b strings.Builder
	b.WriteString(indent)
	at, empty := len(indent), true
	for _, word := range unbreakable(words) {
		if !empty && at+1+columns(word) > width {
			b.WriteString("\n" + indent + "  ")
			at, empty = len(indent)+2, true
		}
		if !empty {
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at, empty = at+columns(word), false
	}
	return b.String()
}

// unbreakable splits text into words, of which each quoted command is one.
func unbreakable(text string) (words []string) {
	quoted := false
	for _, word := range strings.Split(text, " ") {
		if quoted {
			words[len(words)-1] += " " + word
		} else {
			words = append(words, word)
			quoted = strings.HasPrefix(strings.TrimLeft(word, "("), "'")
			word = strings.TrimPrefix(strings.TrimLeft(word, "("), "'")
		}
		quoted = quoted && !strings.HasSuffix(strings.TrimRight(word, ".,;:)"), "'")
	}
	return words
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// columns returns how many columns of a terminal text takes.
func columns(text string) int { return utf8.RuneCountInString(colours.ReplaceAllString(text, "")) }
