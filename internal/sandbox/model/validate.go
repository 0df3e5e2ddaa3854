package model

import (
	"fmt"
	"math/bits"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Request is a request as it came over the wire.
type Request struct {
	// Labels are the decoded labels of the path, in its order.
	Labels []string
	Query  url.Values
	Header http.Header
	// Body is JSON, or empty.
	Body []byte
}

// MalformedError is returned for a request that does not have the types of the model, so that it
// cannot be read at all. AWS answers with a SerializationException.
type MalformedError struct{ Message string }

// Error returns the message.
func (e *MalformedError) Error() string { return e.Message }

// ConstraintError is returned for a request that can be read and violates the model. AWS answers
// with the operation's InvalidRequestException.
type ConstraintError struct{ Violations []Violation }

// A Violation is a violated constraint.
type Violation struct {
	// Value is the value in quotation marks, or null. A long value is cut.
	Value string
	// At is the path of the member, such as attributePayload.attributes or tags.1.member.key.
	At string
	// Constraint is the constraint in AWS's words.
	Constraint string
}

// Error returns AWS's message, which has the form "1 validation error detected: Value 'a b' at
// 'thingName' failed to satisfy constraint: Member must satisfy regular expression pattern:
// [a-zA-Z0-9:_-]+".
func (e *ConstraintError) Error() string {
	var out strings.Builder
	noun := "errors"
	if len(e.Violations) == 1 {
		noun = "error"
	}
	fmt.Fprintf(&out, "%d validation %s detected: ", len(e.Violations), noun)
	for i, v := range e.Violations {
		if i > 0 {
			out.WriteString("; ")
		}
		fmt.Fprintf(&out, "Value %s at '%s' failed to satisfy constraint: %s", v.Value, v.At, v.Constraint)
	}
	return out.String()
}

// maxViolations limits the length of a message.
const maxViolations = 10

// Validate checks a request. It returns a [*MalformedError], a [*ConstraintError] or nil.
//
// Names of members are compared with their case, and AWS ignores members that it does not know.
// Validate renames these in the body, so that package json, which ignores case, does not take
// them for those of the model. The names of the model remain.
func (o *Operation) Validate(r Request) error {
	if o.Input == nil {
		return nil
	}
	v := validator{body: r.Body, path: make([]step, 0, 4)}
	for _, m := range o.outside {
		value, present := m.in(r)
		if !present {
			if m.Required {
				v.missing(m.Name)
			}
			continue
		}
		v.path = append(v.path, step{name: m.Name})
		if err := v.text(m.Shape, value); err != nil {
			return err
		}
		v.path = v.path[:0]
	}
	if o.inBody {
		if err := v.document(o.Input); err != nil {
			return err
		}
	}
	if len(v.found) > 0 {
		return &ConstraintError{v.found}
	}
	return nil
}

// in returns the value of a member of a request that is not in the body.
func (m outside) in(r Request) (value string, present bool) {
	switch m.Location {
	case "uri":
		if m.label < len(r.Labels) {
			return r.Labels[m.label], true
		}
	case "querystring":
		if values, ok := r.Query[m.WireName]; ok {
			return values[0], true
		}
	case "header":
		if values, ok := r.Header[m.header]; ok {
			return values[0], true
		}
	}
	return "", false
}

// validator checks one request.
type validator struct {
	body  []byte
	at    int // in body
	path  []step
	found []Violation
}

// step is a step from a value to a member or to an element with an index.
type step struct {
	name  string
	index int // from 1; 0 of a member
}

// text checks a value that is a string on the wire.
func (v *validator) text(s *Shape, value string) error {
	switch s.Kind {
	case "boolean":
		if value != "true" && value != "false" {
			return v.malformed("'%s' can not be converted to a Boolean", shorten(value))
		}
		return nil
	case "integer", "long", "float", "double":
		return v.number(s, value)
	default:
		v.characters(s, []byte(value))
		return nil
	}
}

// number checks a number.
func (v *validator) number(s *Shape, text string) error {
	var value float64
	var err error
	switch s.Kind {
	case "integer", "long":
		size := 64
		if s.Kind == "integer" {
			size = 32
		}
		var n int64
		n, err = strconv.ParseInt(text, 10, size)
		value = float64(n)
	default:
		value, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		return v.malformed("'%s' can not be converted to %s", shorten(text), s.Kind)
	}
	if s.Max != nil && value > float64(*s.Max) || s.Min != nil && value < float64(*s.Min) {
		for _, c := range s.bounds("value", value) {
			v.violated("'"+text+"'", c)
		}
	}
	return nil
}

// bounds returns the violated limits of a number or length.
func (s *Shape) bounds(what string, n float64) (violated []string) {
	if s.Max != nil && n > float64(*s.Max) {
		violated = append(violated, fmt.Sprintf("Member must have %s less than or equal to %d", what, *s.Max))
	}
	if s.Min != nil && n < float64(*s.Min) {
		violated = append(violated, fmt.Sprintf("Member must have %s greater than or equal to %d", what, *s.Min))
	}
	return violated
}

// Check checks a string at a member, as Validate does. It returns a [*ConstraintError] or nil.
func (s *Shape) Check(member, value string) error {
	v := validator{path: []step{{name: member}}}
	if v.characters(s, []byte(value)); len(v.found) > 0 {
		return &ConstraintError{v.found}
	}
	return nil
}

// Fits reports whether a string satisfies all constraints.
func (s *Shape) Fits(value []byte) bool {
	return s.hasLength(value) && (s.matches == nil || s.matches(value)) && (s.Enum == nil || s.lists(value))
}

// hasLength reports whether the number of characters is allowed.
func (s *Shape) hasLength(value []byte) bool {
	if s.Max == nil && s.Min == nil {
		return true
	}
	n := int64(len(value))
	if (s.Max == nil || n <= *s.Max) && (s.Min == nil || *s.Min == 0 || *s.Min == 1 && n > 0) {
		return true // a string has at most as many characters as bytes
	}
	n = int64(utf8.RuneCount(value))
	return (s.Max == nil || n <= *s.Max) && (s.Min == nil || n >= *s.Min)
}

func (s *Shape) lists(value []byte) bool {
	for _, one := range s.Enum {
		if one == string(value) {
			return true
		}
	}
	return false
}

// violations returns the constraints that a string violates.
func (s *Shape) violations(value []byte) []string {
	violated := s.bounds("length", float64(utf8.RuneCount(value)))
	if s.matches != nil && !s.matches(value) {
		violated = append(violated, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if s.Enum != nil && !s.lists(value) {
		violated = append(violated, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return violated
}

// constraints returns all constraints of a string, as AWS lists them for an element, a key or a
// value.
func (s *Shape) constraints() string {
	var all []string
	if s.Max != nil {
		all = append(all, fmt.Sprintf("Member must have length less than or equal to %d", *s.Max))
	}
	if s.Min != nil {
		all = append(all, fmt.Sprintf("Member must have length greater than or equal to %d", *s.Min))
	}
	if s.Pattern != "" {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if s.Enum != nil {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (v *validator) characters(s *Shape, value []byte) {
	if s.Fits(value) {
		return
	}
	for _, constraint := range s.violations(value) {
		v.violated("'"+shorten(string(value))+"'", constraint)
	}
}

func (v *validator) violated(value, constraint string) {
	if len(v.found) < maxViolations {
		v.found = append(v.found, Violation{value, v.where(""), constraint})
	}
}

func (v *validator) missing(member string) {
	if len(v.found) < maxViolations {
		v.found = append(v.found, Violation{"null", v.where(member), "Member must not be null"})
	}
}

// where returns the path of the present value, or of a member of it. AWS begins all names with a
// lower-case letter there, such as that of the member Key of a tag.
func (v *validator) where(member string) string {
	var names []string
	for _, s := range v.path {
		if s.index > 0 {
			names = append(names, strconv.Itoa(s.index), "member")
		} else {
			names = append(names, lowerFirst(s.name))
		}
	}
	if member != "" {
		names = append(names, lowerFirst(member))
	}
	return strings.Join(names, ".")
}

func lowerFirst(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func (v *validator) malformed(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if at := v.where(""); at != "" {
		message += " at '" + at + "'"
	}
	return &MalformedError{message}
}

// absent adds the required members of a structure that are not in the set.
func (v *validator) absent(s *Shape, present uint64) {
	for lacking := s.required &^ present; lacking != 0; lacking &= lacking - 1 {
		if m := s.Members[bits.TrailingZeros64(lacking)]; m.Location == "" {
			v.missing(m.Name)
		}
	}
}

// shorten cuts a value for a message, since the values of callers can be of any length.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
