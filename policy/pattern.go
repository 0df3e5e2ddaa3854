package policy

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A pattern is a resource or a value of a document: literal text, wildcards and variables. Its
// chunks are what is between the asterisks.
type pattern struct {
	chunks [][]element
	// variables are the variables of all chunks.
	variables []*variable
}

// An element is a literal text, one character of any kind, or a variable.
type element struct {
	literal  []byte
	variable *variable
	any      bool
}

// syntax is what is special in a text.
type syntax struct{ wildcards, variables bool }

// compilePattern reads the text of a pattern. The escapes ${*}, ${?} and ${$} stand for the
// character (developer guide, "AWS IoT Core policy variables"). A ${ without a closing brace is
// literal text.
func compilePattern(text string, special syntax) pattern {
	b := builder{}
	for text != "" {
		name, after, isVariable := cutVariable(text)
		switch {
		case special.variables && isVariable:
			if name == "*" || name == "?" || name == "$" {
				b.literal(name)
			} else {
				b.variable(parseVariable(name))
			}
			text = after
			continue
		case special.wildcards && text[0] == '*':
			b.star()
		case special.wildcards && text[0] == '?':
			b.add(element{any: true})
		default:
			b.literal(text[:1])
		}
		text = text[1:]
	}
	return b.pattern()
}

// cutVariable cuts ${name} off the front of a text.
func cutVariable(text string) (name, after string, ok bool) {
	if !strings.HasPrefix(text, "${") {
		return "", text, false
	}
	return strings.Cut(text[len("${"):], "}")
}

// A builder puts a pattern together. Its zero value is ready to use.
type builder struct {
	done      [][]element
	chunk     []element
	variables []*variable
}

func (b *builder) add(e element) { b.chunk = append(b.chunk, e) }

func (b *builder) literal(text string) {
	if n := len(b.chunk); n > 0 && b.chunk[n-1].literal != nil {
		b.chunk[n-1].literal = append(b.chunk[n-1].literal, text...)
		return
	}
	if text != "" {
		b.add(element{literal: []byte(text)})
	}
}

func (b *builder) variable(v *variable) {
	b.add(element{variable: v})
	b.variables = append(b.variables, v)
}

// star ends a chunk. Asterisks in a row are one.
func (b *builder) star() {
	if len(b.done) == 0 || len(b.chunk) > 0 {
		b.done = append(b.done, b.chunk)
		b.chunk = nil
	}
}

func (b *builder) pattern() pattern {
	return pattern{chunks: append(b.done, b.chunk), variables: b.variables}
}

// match reports whether a text matches. A pattern with a variable that is not substituted matches
// nothing.
func (p *pattern) match(text []byte, e *evaluation) bool {
	n := matchChunk(p.chunks[0], text, e)
	switch {
	case n < 0:
		return false
	case len(p.chunks) == 1:
		return n == len(text)
	}
	text = text[n:]
	last := len(p.chunks) - 1
	for _, chunk := range p.chunks[1:last] {
		if n = matchFirst(chunk, text, e, false); n < 0 {
			return false
		}
		text = text[n:]
	}
	return len(p.chunks[last]) == 0 || matchFirst(p.chunks[last], text, e, true) >= 0
}

// matchFirst returns the end of the first place where a chunk matches, or -1. If atEnd is true
// the chunk must end where the text ends.
func matchFirst(chunk []element, text []byte, e *evaluation, atEnd bool) int {
	for at := 0; ; {
		if first := chunk[0].literal; first != nil {
			skip := bytes.Index(text[at:], first)
			if skip < 0 {
				return -1
			}
			at += skip
		}
		if n := matchChunk(chunk, text[at:], e); n >= 0 && (!atEnd || at+n == len(text)) {
			return at + n
		}
		if at == len(text) {
			return -1
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
}

// matchChunk returns the length of the text that a chunk matches at its start, or -1.
func matchChunk(chunk []element, text []byte, e *evaluation) int {
	at := 0
	for i := range chunk {
		one := &chunk[i]
		switch {
		case one.literal != nil:
			if !bytes.HasPrefix(text[at:], one.literal) {
				return -1
			}
			at += len(one.literal)
		case one.any:
			if at == len(text) {
				return -1
			}
			_, size := utf8.DecodeRune(text[at:])
			at += size
		default:
			value, reason := one.variable.value(e)
			if reason != "" || len(text)-at < len(value) || string(text[at:at+len(value)]) != value {
				return -1
			}
			at += len(value)
		}
	}
	return at
}

// matches is match for a string. It allocates.
func (p *pattern) matches(text string, e *evaluation) bool { return p.match([]byte(text), e) }

// expand returns the text of a pattern without wildcards. It reports false if a variable is not
// substituted.
func (p *pattern) expand(e *evaluation) (string, bool) {
	var text strings.Builder
	for _, one := range p.chunks[0] {
		if one.variable == nil {
			text.Write(one.literal)
			continue
		}
		value, reason := one.variable.value(e)
		if reason != "" {
			return "", false
		}
		text.WriteString(value)
	}
	return text.String(), true
}

// loosen returns the pattern in which variables that are not substituted stand for any text, and
// wildcards in a client ID are wildcards. It is what a pattern could mean at most, where AWS
// documents no rule.
func (p *pattern) loosen(e *evaluation, unresolved, clientID bool) pattern {
	b := builder{}
	for i, chunk := range p.chunks {
		if i > 0 {
			b.star()
		}
		for _, one := range chunk {
			if one.variable == nil {
				b.add(one)
				continue
			}
			value, reason := one.variable.value(e)
			switch {
			case reason != "" && unresolved:
				b.star()
			case one.variable.kind == clientIDVariable && clientID:
				for _, c := range []byte(value) {
					switch c {
					case '*':
						b.star()
					case '?':
						b.add(element{any: true})
					default:
						b.add(element{literal: []byte{c}})
					}
				}
			default:
				b.add(one)
			}
		}
	}
	return b.pattern()
}
