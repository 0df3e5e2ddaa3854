package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A Template is text with fields in braces, such as "sensor-{mac}", which are
// filled from a device. The zero Template is "{cn}" wherever
// nothing else is the default of a format; see [Template.IsZero]. Templates are immutable.
//
// Modifiers after a field change its value, one after the other, as in
// {cn|replace:. :_|lower}:
//
//   - lower and upper change the case.
//   - colons puts a colon between the bytes of a value in hex.
//   - replace:CHARACTERS:TEXT puts TEXT in the place of each of the CHARACTERS; an
//     empty TEXT removes them. The last colon separates the two. A backslash makes
//     the next character literal, which }, | and \ need. Control characters cannot
//     be replaced.
type Template struct {
	text  string
	parts []templatePart
}

type templatePart struct {
	literal   string
	field     string // empty for literal text
	modifiers []modifier
}

// ParseTemplate parses text. Braces must enclose a field of [TemplateFields], with
// or without modifiers.
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	for rest := text; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.parts = append(t.parts, templatePart{literal: rest})
			break
		}
		if open > 0 {
			t.parts = append(t.parts, templatePart{literal: rest[:open]})
		}
		if rest[open] == '}' {
			return Template{}, fmt.Errorf("template %q: %w", text, errBrace)
		}
		part, after, err := parsePart(rest[open+1:])
		if err != nil {
			return Template{}, fmt.Errorf("template %q: %w", text, err)
		}
		t.parts = append(t.parts, part)
		rest = after
	}
	return t, nil
}

var errBrace = errors.New("unmatched brace")

// parsePart parses a field and its modifiers up to the closing brace.
func parsePart(text string) (part templatePart, after string, err error) {
	end := strings.IndexAny(text, "|}")
	if end < 0 {
		return part, "", errBrace
	}
	part.field = text[:end]
	column, ofTable := strings.CutPrefix(part.field, columnPrefix)
	if !slices.Contains(TemplateFields(), part.field) && (!ofTable || ColumnKey(column) == "") {
		return part, "", fmt.Errorf("no field {%s}; there are {%s} {%sNAME}", part.field, strings.Join(TemplateFields(), "} {"), columnPrefix)
	}
	if ofTable && SecretColumn(column) {
		return part, "", Errorf(ReasonSecretColumn, "column %s holds a secret, which nothing may use", Quote(column))
	}
	for text[end] == '|' {
		var m modifier
		if m, text, err = parseModifier(text[end+1:]); err != nil {
			return part, "", err
		}
		part.modifiers = append(part.modifiers, m)
		end = 0
	}
	return part, text[end+1:], nil
}

// String returns the parsed text; "{cn}" for the zero Template.
func (t Template) String() string {
	if t.text == "" {
		return "{cn}"
	}
	return t.text
}

// IsZero reports whether the template is the zero Template, which leaves the name to the format: usually
// the CN, but the members of pem-json that name things. A parsed "{cn}" is the CN for every format.
func (t Template) IsZero() bool { return t.text == "" }

// Uses reports whether the template has a field.
func (t Template) Uses(field string) bool {
	if t.text == "" {
		return field == "cn"
	}
	return slices.ContainsFunc(t.parts, func(p templatePart) bool { return p.field == field })
}

// UsesColumns reports whether the template has fields that are columns of a table.
func (t Template) UsesColumns() bool {
	return slices.ContainsFunc(t.parts, func(p templatePart) bool { return strings.HasPrefix(p.field, columnPrefix) })
}

// Expand fills the template from a device, whose certificate must be set. If the
// device lacks a field, the error has [ReasonNoName]; if a modifier does not apply
// to its value, [ReasonBadName].
func (t Template) Expand(d *Device) (string, error) {
	if t.text == "" {
		return d.field("cn")
	}
	var b strings.Builder
	for _, part := range t.parts {
		if part.field == "" {
			b.WriteString(part.literal)
			continue
		}
		value, err := d.field(part.field)
		if err != nil {
			return "", err
		}
		for _, m := range part.modifiers {
			if value, err = m.apply(value); err != nil {
				return "", fmt.Errorf("{%s}: %w", part.field, err)
			}
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// A modifier changes the value of a field.
type modifier struct {
	kind string
	// from and to are the characters to replace and their replacement.
	from, to string
}

// Kinds of modifiers.
const (
	modifierLower   = "lower"
	modifierUpper   = "upper"
	modifierColons  = "colons"
	modifierReplace = "replace"
)

// parseModifier parses a modifier up to the bar or the brace that ends it, with
// which after begins.
func parseModifier(text string) (m modifier, after string, err error) {
	end := strings.IndexAny(text, ":|}")
	if end < 0 {
		return m, "", errBrace
	}
	m.kind = text[:end]
	switch {
	case m.kind == modifierReplace && text[end] == ':':
		if m.from, m.to, after, err = parseReplacement(text[end+1:]); err == nil {
			err = m.checkReplacement()
		}
		return m, after, err
	case m.kind == modifierReplace:
		return m, "", errReplace
	case text[end] == ':' && slices.Contains([]string{modifierLower, modifierUpper, modifierColons}, m.kind):
		return m, "", fmt.Errorf("modifier |%s has no arguments", m.kind)
	case m.kind == modifierLower, m.kind == modifierUpper, m.kind == modifierColons:
		return m, text[end:], nil
	}
	return m, "", fmt.Errorf("no modifier |%s; there are |lower |upper |colons |replace:CHARACTERS:TEXT", m.kind)
}

var errReplace = errors.New("modifier |replace needs characters and a text, as in |replace: :_")

// parseReplacement parses the arguments of replace. The last colon without a
// backslash separates them.
func parseReplacement(text string) (from, to, after string, err error) {
	var b strings.Builder
	separator, escaped := -1, false
	for i, c := range text {
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
			continue
		case c == '|' || c == '}':
			if separator < 0 {
				return "", "", "", errReplace
			}
			all := b.String()
			return all[:separator], all[separator+1:], text[i:], nil
		case c == ':':
			separator = b.Len()
		}
		b.WriteRune(c)
	}
	return "", "", "", errBrace
}

func (m modifier) checkReplacement() error {
	odd := func(c rune) bool { return c <= ' ' || c > '~' || c == '{' || c == '}' }
	switch {
	case m.from == "":
		return errReplace
	case strings.ContainsFunc(m.from, func(c rune) bool { return !unicode.IsPrint(c) }):
		return errors.New("modifier |replace cannot replace control characters and others that do not print")
	case strings.ContainsFunc(m.to, odd):
		return fmt.Errorf("modifier |replace cannot insert %q: only ASCII characters without blanks and braces", m.to)
	}
	return nil
}

// apply returns the changed value. Its error has [ReasonBadName].
func (m modifier) apply(value string) (string, error) {
	switch m.kind {
	case modifierLower:
		return strings.ToLower(value), nil
	case modifierUpper:
		return strings.ToUpper(value), nil
	case modifierColons:
		return colons(value)
	}
	var b strings.Builder
	for _, c := range value {
		if strings.ContainsRune(m.from, c) {
			b.WriteString(m.to)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String(), nil
}

// colons puts a colon between the bytes of hex digits.
func colons(value string) (string, error) {
	if len(value)%2 != 0 || strings.Trim(value, "0123456789abcdefABCDEF") != "" {
		return "", Errorf(ReasonBadName, "|colons needs pairs of hex digits, and the value is %s", Quote(value))
	}
	var b strings.Builder
	for i := 0; i < len(value); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(value[i : i+2])
	}
	return b.String(), nil
}
