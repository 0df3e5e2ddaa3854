package policy

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// node is a JSON value with its position. Package json has no positions, and it reports a
// trailing comma as an invalid character.
type node struct {
	kind     nodeKind
	at       int    // offset in the text
	text     string // of a string; of a number or a literal as it was written
	members  []member
	elements []node
}

type nodeKind byte

const (
	stringNode nodeKind = iota
	numberNode
	boolNode
	nullNode
	arrayNode
	objectNode
)

type member struct {
	name  string
	at    int
	value node
}

// maxDepth limits the nesting of a document. A policy has seven levels at most.
const maxDepth = 100

// reader reads JSON (RFC 8259).
type reader struct {
	text string
	at   int
}

// fail returns a problem at an offset.
func (r *reader) fail(code Code, at int) *Problem {
	return &Problem{Code: code, Position: positionOf(r.text, at)}
}

func (r *reader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

// next returns the next character that is not space, or 0 at the end.
func (r *reader) next() byte {
	if r.space(); r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// document reads a text with one value.
func (r *reader) document() (node, *Problem) {
	n, problem := r.value(0)
	if r.space(); problem == nil && r.at < len(r.text) {
		problem = r.fail(Syntax, r.at)
	}
	return n, problem
}

func (r *reader) value(depth int) (n node, problem *Problem) {
	c := r.next()
	n.at = r.at
	switch {
	case depth > maxDepth:
		return n, r.fail(Syntax, r.at)
	case c == '{':
		n.kind = objectNode
		n.members, problem = r.members(depth)
	case c == '[':
		n.kind = arrayNode
		n.elements, problem = r.elements(depth)
	case c == '"':
		n.text, problem = r.string()
	default:
		n.kind, n.text, problem = r.word()
	}
	return n, problem
}

// list reads what is between brackets: items with commas between them.
func (r *reader) list(end byte, item func() *Problem) *Problem {
	r.at++
	if r.next() == end {
		r.at++
		return nil
	}
	for {
		if problem := item(); problem != nil {
			return problem
		}
		switch r.next() {
		case end:
			r.at++
			return nil
		case ',':
			comma := r.at
			r.at++
			if next := r.next(); next == '}' || next == ']' {
				return r.fail(TrailingComma, comma)
			}
		default:
			return r.fail(Syntax, r.at)
		}
	}
}

func (r *reader) elements(depth int) (elements []node, _ *Problem) {
	problem := r.list(']', func() *Problem {
		n, problem := r.value(depth + 1)
		elements = append(elements, n)
		return problem
	})
	return elements, problem
}

func (r *reader) members(depth int) (members []member, _ *Problem) {
	problem := r.list('}', func() *Problem {
		if r.next() != '"' {
			return r.fail(Syntax, r.at)
		}
		m := member{at: r.at}
		var problem *Problem
		if m.name, problem = r.string(); problem != nil {
			return problem
		}
		if r.next() != ':' {
			return r.fail(Syntax, r.at)
		}
		r.at++
		m.value, problem = r.value(depth + 1)
		members = append(members, m)
		return problem
	})
	return members, problem
}

// string reads a string. Package json decodes its escapes.
func (r *reader) string() (text string, _ *Problem) {
	start := r.at
	for r.at++; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '\\':
			r.at++
		case c < ' ':
			return "", r.fail(Syntax, r.at)
		case c == '"':
			r.at++
			if json.Unmarshal([]byte(r.text[start:r.at]), &text) != nil {
				return "", r.fail(Syntax, start)
			}
			return text, nil
		}
	}
	return "", r.fail(Syntax, len(r.text))
}

// word reads a number, true, false or null.
func (r *reader) word() (kind nodeKind, word string, _ *Problem) {
	start := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,:{}[]\"", r.text[r.at]) < 0 {
		r.at++
	}
	word = r.text[start:r.at]
	switch word {
	case "true", "false":
		return boolNode, word, nil
	case "null":
		return nullNode, word, nil
	}
	if !json.Valid([]byte(word)) { // it has no other form of JSON than a number
		return 0, "", r.fail(Syntax, start)
	}
	return numberNode, word, nil
}

// positionOf returns the position of an offset.
func positionOf(text string, at int) Position {
	before := text[:min(at, len(text))]
	line := strings.LastIndexByte(before, '\n') + 1
	return Position{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[line:]) + 1}
}
