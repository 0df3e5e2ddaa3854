package model

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxDepth limits the nesting of a body.
const maxDepth = 64

// document checks a body. An empty one has no members.
func (v *validator) document(input *Shape) error {
	if v.space(); v.at == len(v.body) {
		v.absent(input, 0)
		return nil
	}
	if err := v.structure(input); err != nil {
		return err
	}
	if v.space(); v.at < len(v.body) {
		return v.syntax()
	}
	return nil
}

// value checks the value at the present position.
func (v *validator) value(s *Shape) error {
	if len(v.path) > maxDepth {
		return v.malformed("The request body is nested too deeply")
	}
	switch s.Kind {
	case "structure":
		return v.structure(s)
	case "map":
		return v.entries(s)
	case "list":
		return v.elements(s)
	case "string", "blob":
		raw, escaped, err := v.string()
		if err != nil {
			return v.converted(s)
		}
		return v.quoted(s, raw, escaped)
	case "boolean":
		if !v.literal("true") && !v.literal("false") {
			return v.converted(s)
		}
		return nil
	}
	start := v.at
	for v.at < len(v.body) && strings.IndexByte("+-.0123456789eE", v.body[v.at]) >= 0 {
		v.at++
	}
	if start == v.at {
		return v.converted(s)
	}
	return v.number(s, string(v.body[start:v.at]))
}

// quoted checks a string of the body. It does not decode a long text such as a PEM, whose line
// ends are escaped, if all characters are allowed.
func (v *validator) quoted(s *Shape, raw []byte, escaped bool) error {
	if escaped && (!s.anyText || len(raw) == 0 || !s.hasLength(raw) || s.Min != nil && *s.Min > 1) {
		var err error
		if raw, err = unescape(raw); err != nil {
			return v.syntax()
		}
	} else if escaped {
		return nil
	}
	v.characters(s, raw)
	return nil
}

func (v *validator) structure(s *Shape) error {
	var present uint64
	err := v.object(s, func(raw, name []byte) error {
		i, known := s.byName[string(name)]
		if !known || s.Members[i].Location != "" {
			for j := range raw {
				raw[j] = '-' // no name of a model is like this
			}
			return v.skip()
		}
		if v.literal("null") {
			return nil
		}
		present |= 1 << i
		v.path = append(v.path, step{name: s.Members[i].Name})
		err := v.value(s.Members[i].Shape)
		v.path = v.path[:len(v.path)-1]
		return err
	})
	if err == nil {
		v.absent(s, present)
	}
	return err
}

// entries checks a map.
func (v *validator) entries(s *Shape) error {
	start, n := v.at, 0
	badKey, badValue, null := false, false, false
	err := v.object(s, func(_, key []byte) error {
		n++
		badKey = badKey || !s.Key.Fits(key)
		if v.literal("null") {
			null = true
			return nil
		}
		if s.Element.Kind != "string" {
			v.path = append(v.path, step{name: string(key)})
			err := v.value(s.Element)
			v.path = v.path[:len(v.path)-1]
			return err
		}
		fits, err := v.element(s.Element)
		badValue = badValue || !fits
		return err
	})
	if err != nil {
		return err
	}
	if badKey {
		v.violated(v.shown(start), "Map keys must satisfy constraint: "+s.Key.constraints())
	}
	if badValue {
		v.violated(v.shown(start), "Map value must satisfy constraint: "+s.Element.constraints())
	}
	if null {
		v.violated(v.shown(start), "Map value must satisfy constraint: [Member must not be null]")
	}
	for _, constraint := range s.bounds("length", float64(n)) {
		v.violated(v.shown(start), constraint)
	}
	return nil
}

// elements checks a list.
func (v *validator) elements(s *Shape) error {
	start, n := v.at, 0
	bad, null := false, false
	if !v.accept('[') {
		return v.converted(s)
	}
	for empty := v.accept(']'); !empty; {
		v.space()
		n++
		switch {
		case v.literal("null"):
			null = true
		case s.Element.Kind == "string":
			fits, err := v.element(s.Element)
			if err != nil {
				return err
			}
			bad = bad || !fits
		default:
			v.path = append(v.path, step{index: n})
			if err := v.value(s.Element); err != nil {
				return err
			}
			v.path = v.path[:len(v.path)-1]
		}
		if v.accept(']') {
			break
		}
		if !v.accept(',') {
			return v.syntax()
		}
	}
	if bad {
		v.violated(v.shown(start), "Member must satisfy constraint: "+s.Element.constraints())
	}
	if null {
		v.violated(v.shown(start), "Member must satisfy constraint: [Member must not be null]")
	}
	for _, constraint := range s.bounds("length", float64(n)) {
		v.violated(v.shown(start), constraint)
	}
	return nil
}

// element reports whether a string in a list or map satisfies its constraints.
func (v *validator) element(s *Shape) (fits bool, err error) {
	raw, escaped, err := v.string()
	if err != nil {
		return false, v.converted(s)
	}
	if escaped {
		if raw, err = unescape(raw); err != nil {
			return false, v.syntax()
		}
	}
	return s.Fits(raw), nil
}

// object reads an object. It calls member with the raw and the decoded name of each member, and
// expects it to read the value.
func (v *validator) object(s *Shape, member func(raw, name []byte) error) error {
	if !v.accept('{') {
		return v.converted(s)
	}
	if v.accept('}') {
		return nil
	}
	for {
		v.space()
		raw, escaped, err := v.string()
		name := raw
		if escaped && err == nil {
			name, err = unescape(raw)
		}
		if err != nil || !v.accept(':') {
			return v.syntax()
		}
		v.space()
		if err := member(raw, name); err != nil {
			return err
		}
		if v.accept('}') {
			return nil
		}
		if !v.accept(',') {
			return v.syntax()
		}
	}
}

// skip reads a value that the model does not know.
func (v *validator) skip() error {
	depth := 0
	for v.at < len(v.body) {
		switch v.body[v.at] {
		case '"':
			if _, _, err := v.string(); err != nil {
				return err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return nil
			}
			if v.body[v.at] != ',' {
				depth--
			}
		}
		v.at++
	}
	return v.syntax()
}

// string reads a string and returns what is between the quotation marks.
func (v *validator) string() (raw []byte, escaped bool, err error) {
	if v.at == len(v.body) || v.body[v.at] != '"' {
		return nil, false, v.syntax()
	}
	start := v.at + 1
	for i := start; i < len(v.body); i++ {
		quote := bytes.IndexByte(v.body[i:], '"')
		if quote < 0 {
			break
		}
		i += quote
		backslashes := 0
		for v.body[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			v.at, raw = i+1, v.body[start:i]
			return raw, bytes.IndexByte(raw, '\\') >= 0, nil
		}
	}
	return nil, false, v.syntax()
}

func unescape(raw []byte) ([]byte, error) {
	var s string
	err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s)
	return []byte(s), err
}

func (v *validator) space() {
	for v.at < len(v.body) && strings.IndexByte(" \t\r\n", v.body[v.at]) >= 0 {
		v.at++
	}
}

// accept skips space, and then a character if it follows.
func (v *validator) accept(c byte) bool {
	if v.space(); v.at == len(v.body) || v.body[v.at] != c {
		return false
	}
	v.at++
	return true
}

func (v *validator) literal(text string) bool {
	if !bytes.HasPrefix(v.body[v.at:], []byte(text)) {
		return false
	}
	v.at += len(text)
	return true
}

func (v *validator) syntax() error { return &MalformedError{"The request body is not valid JSON"} }

// converted returns the error for a value of another type.
func (v *validator) converted(s *Shape) error {
	return v.malformed("The value can not be converted to %s", s.Kind)
}

// shown returns the list or map that was read from start on as AWS shows it: '[a, b]' or
// '{name=value}'.
func (v *validator) shown(start int) string {
	var out strings.Builder
	d := json.NewDecoder(bytes.NewReader(v.body[start:v.at]))
	d.UseNumber()
	var value any
	_ = d.Decode(&value) // what cannot be decoded is shown as null
	show(&out, value)
	return "'" + shorten(out.String()) + "'"
}

func show(out *strings.Builder, value any) {
	switch value := value.(type) {
	case nil:
		out.WriteString("null")
	case string:
		out.WriteString(value)
	case bool:
		out.WriteString(strconv.FormatBool(value))
	case json.Number:
		out.WriteString(value.String())
	case []any:
		out.WriteByte('[')
		for i, element := range value {
			if i > 0 {
				out.WriteString(", ")
			}
			show(out, element)
		}
		out.WriteByte(']')
	case map[string]any:
		out.WriteByte('{')
		for i, name := range slices.Sorted(maps.Keys(value)) {
			if i > 0 {
				out.WriteString(", ")
			}
			out.WriteString(name + "=")
			show(out, value[name])
		}
		out.WriteByte('}')
	}
}
