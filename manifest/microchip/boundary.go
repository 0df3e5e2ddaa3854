package microchip

import "bytes"

// Results of entryEnd.
type boundary int

const (
	boundaryFound   boundary = iota // the entry is complete
	boundaryMore                    // it continues after the text
	boundaryBroken                  // it is not JSON, and its end is uncertain
	boundaryTooDeep                 // it nests deeper than the limit
)

// entryEnd finds the end of the value at the beginning of text, which should be an
// object. It checks the structure (braces, commas, colons, quotes) and leaves
// names, escapes and numbers to the strict parser. at is the index after the
// value, or of the byte that breaks the structure.
//
// The values of payload, protected and signature are base64url and follow a
// different rule: they end at the first quote before a comma or a brace. In intact
// JSON that quote ends the string. If damage turned a character of the value into
// a quote or a backslash, the entry still ends at the right place, so the damage
// affects only this entry.
func entryEnd(text []byte, depth int) (at int, found boundary) {
	e := ender{text: text, depth: depth}
	return e.walk()
}

// An ender walks through one object.
type ender struct {
	text  []byte
	at    int
	depth int
	open  []byte // the expected closing brackets
	// coded is set if the next value is one of the three base64url values.
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

func (e *ender) walk() (int, boundary) {
	next := expectValue
	for {
		e.at = skipSpace(e.text, e.at)
		if e.at == len(e.text) {
			return e.at, boundaryMore
		}
		c := e.text[e.at]
		switch {
		case c == '"' && next <= expectNameOrEnd:
			start := e.at + 1
			if !e.skipString() {
				return len(e.text), boundaryMore
			}
			e.coded = len(e.open) == 1 && isCoded(e.text[start:e.at-1])
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
				return e.at, boundaryBroken
			}
			e.at++
			e.open = e.open[:len(e.open)-1]
			if len(e.open) == 0 {
				return e.at, boundaryFound
			}
			next = expectCommaOrEnd
		case next != expectValue && next != expectValueOrEnd:
			return e.at, boundaryBroken
		case c == '{' || c == '[':
			if len(e.open) == e.depth {
				return e.at, boundaryTooDeep
			}
			e.at++
			next = expectNameOrEnd
			if c == '[' {
				next = expectValueOrEnd
			}
			e.open = append(e.open, c+2) // in ASCII, a closing bracket comes two after its opening one
		default:
			if found := e.skipScalar(c); found != boundaryFound || len(e.open) == 0 {
				return e.at, found
			}
			next = expectCommaOrEnd
		}
	}
}

// skipScalar skips a string, a number or a literal.
func (e *ender) skipScalar(c byte) boundary {
	if c == '"' {
		skip := e.skipString
		if e.coded {
			skip = e.skipCoded
		}
		e.coded = false
		if !skip() {
			e.at = len(e.text)
			return boundaryMore
		}
		return boundaryFound
	}
	e.coded = false
	start := e.at
	for e.at < len(e.text) && isScalarByte(e.text[e.at]) {
		e.at++
	}
	switch e.at {
	case len(e.text):
		return boundaryMore
	case start:
		return boundaryBroken
	}
	return boundaryFound
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
		behind := skipSpace(e.text, i)
		if behind == len(e.text) {
			return false
		}
		if c := e.text[behind]; c == ',' || c == '}' {
			e.at = i
			return true
		}
	}
}

func isCoded(name []byte) bool {
	return string(name) == namePayload || string(name) == nameProtected || string(name) == nameSignature
}

func isScalarByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'E'
}

func skipSpace(text []byte, at int) int {
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
