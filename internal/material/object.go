package material

import (
	"encoding/json"
	"slices"
)

// An Object is a JSON object that keeps the order of its members and may contain a
// name twice. A [json.RawMessage] as value is written unchanged.
type Object []Member

// A Member is one name and its value.
type Member struct {
	Name  string
	Value any
}

// With returns a copy in which the member has the value. It appends the member if
// there is none of that name.
func (o Object) With(name string, value any) Object {
	i := o.index(name)
	if i < 0 {
		return o.And(name, value)
	}
	o = slices.Clone(o)
	o[i].Value = value
	return o
}

// Without returns a copy without the member.
func (o Object) Without(name string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(m Member) bool { return m.Name == name })
}

// And returns a copy with the member appended, even if the name already exists.
func (o Object) And(name string, value any) Object {
	return append(slices.Clip(o), Member{name, value})
}

// Text returns the string value of a member, which must exist.
func (o Object) Text(name string) string { return o[o.index(name)].Value.(string) }

func (o Object) index(name string) int {
	return slices.IndexFunc(o, func(m Member) bool { return m.Name == name })
}

// MarshalJSON writes the members in order.
func (o Object) MarshalJSON() ([]byte, error) { return JSON(o), nil }

// JSON returns the text of a value, without line ends.
func JSON(value any) []byte { return appendJSON(nil, value) }

func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case json.RawMessage:
		return append(b, v...)
	case Object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, m.Name), ':')
			b = appendJSON(b, m.Value)
		}
		return append(b, '}')
	case []Object:
		b = append(b, '[')
		for i, o := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, o)
		}
		return append(b, ']')
	}
	return append(b, must(json.Marshal(value))...)
}
