package objects

import (
	"bytes"
	"slices"
)

// A Boundary is a result of [End].
type Boundary int

// Boundaries.
const (
	Found   Boundary = iota // the entry is complete
	More                    // it continues after the text
	Broken                  // it is not JSON, and its end is uncertain
	TooDeep                 // it nests deeper than the limit
)

// End finds the end of the value at the beginning of text, which should be an
// object. It checks the structure (braces, commas, colons, quotes) and leaves
// names, escapes and numbers to the strict parser. at is the index after the
// value, or of the byte that breaks the structure.
//
// The values of members of the object that coded names are base64url and follow a
// different rule: they end at the first quote before a comma or a brace. In intact
// JSON that quote ends the string. If damage turned a character of the value into
// a quote or a backslash, the entry still ends at the right place, so the damage
// affects only this entry.
func End(text []byte, depth int, coded []string) (at int, found Boundary) {
	e := ender{text: text, depth: depth, names: coded}
	return e.walk()
}

// An ender walks through one object.
type ender struct {
	text  []byte
	at    int
	depth int
	names []string // of the coded values
	open  []byte   // the expected closing brackets
	// coded is set if the next value is one of the coded values.
	coded bool
}

// What may follow.
type expectation int

const (
	expectName expectation = iota
	expectNameOrEnd
	expectColon
	expectValue
	expectValueOrEnd
	expectCommaOrEnd
)

func (e *ender) walk() (int, Boundary) {
	next := expectValue
	for {
		e.at = SkipSpace(e.text, e.at)
		if e.at == len(e.text) {
			return e.at, More
		}
		c := e.text[e.at]
		switch {
		case c == '"' && next <= expectNameOrEnd:
			start := e.at + 1
			if !e.skipString() {
				return len(e.text), More
			}
			e.coded = len(e.open) == 1 && slices.Contains(e.names, string(e.text[start:e.at-1]))
			next = expectColon
		case c == ':' && next == expectColon:
			e.at++
			next = expectValue
		case c == ',' && next == expectCommaOrEnd:
			e.at++
			next = expectValue
			if e.open[len(e.open)-1] == '}' {
				next = expectName
			}
		case (c == '}' || c == ']') && (next == expectCommaOrEnd || next == expectNameOrEnd || next == expectValueOrEnd):
			if e.open[len(e.open)-1] != c {
				return e.at, Broken
			}
			e.at++
			e.open = e.open[:len(e.open)-1]
			if len(e.open) == 0 {
				return e.at, Found
			}
			next = expectCommaOrEnd
		case next != expectValue && next != expectValueOrEnd:
			return e.at, Broken
		case c == '{' || c == '[':
			if len(e.open) == e.depth {
				return e.at, TooDeep
			}
			e.at++
			next = expectNameOrEnd
			if c == '[' {
				next = expectValueOrEnd
			}
			e.open = append(e.open, c+2) // in ASCII, a closing bracket comes two after its opening one
		default:
			if found := e.skipScalar(c); found != Found || len(e.open) == 0 {
				return e.at, found
			}
			next = expectCommaOrEnd
		}
	}
}

// skipScalar skips a string, a number or a literal.
func (e *ender) skipScalar(c byte) Boundary {
	if c == '"' {
		skip := e.skipString
		if e.coded {
			skip = e.skipCoded
		}
		e.coded = false
		if !skip() {
			e.at = len(e.text)
			return More
		}
		return Found
	}
	e.coded = false
	start := e.at
	for e.at < len(e.text) && isScalarByte(e.text[e.at]) {
		e.at++
	}
	switch e.at {
	case len(e.text):
		return More
	case start:
		return Broken
	}
	return Found
}

// skipString skips a string by the rules of JSON; false if it does not end.
func (e *ender) skipString() bool {
	for i := e.at + 1; ; {
		n := bytes.IndexByte(e.text[i:], '"')
		if n < 0 {
			return false
		}
		i += n
		escapes := 0
		for e.text[i-1-escapes] == '\\' {
			escapes++
		}
		i++
		if escapes%2 == 0 {
			e.at = i
			return true
		}
	}
}

// skipCoded skips a base64url value; false if the text ends before the end of the
// value is certain.
func (e *ender) skipCoded() bool {
	for i := e.at + 1; ; {
		n := bytes.IndexByte(e.text[i:], '"')
		if n < 0 {
			return false
		}
		i += n + 1
		behind := SkipSpace(e.text, i)
		if behind == len(e.text) {
			return false
		}
		if c := e.text[behind]; c == ',' || c == '}' {
			e.at = i
			return true
		}
	}
}

func isScalarByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// SkipSpace returns the index of the first byte from at on that is not white space.
func SkipSpace(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\n', '\r':
			at++
		default:
			return at
		}
	}
	return at
}
