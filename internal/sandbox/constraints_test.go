package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/thingpress/thingpress/internal/sandbox/model"
)

// A request that violates one constraint of the service model must be refused for it. This test
// goes through every constraint of every operation.
func TestEveryConstraintOfTheModelIsEnforced(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	tried, refused := 0, 0
	for _, name := range Operations() {
		of := model.IoT().Operations[name]
		if of == nil {
			t.Errorf("%s is not in the table: add it to model/compile/operations.go", name)
			continue
		}
		for _, v := range violationsOf(of) {
			tried++
			status, code, message := send(t, s, of, v.request)
			if status != http.StatusBadRequest || code != v.code || !strings.Contains(message, v.message) {
				t.Errorf("%s, %s: %d %s %q, and %q was expected", name, v.name, status, code, message, v.message)
				continue
			}
			refused++
		}
	}
	t.Logf("%d of %d requests were refused, %d operations", refused, tried, len(Operations()))
	if tried < 280 {
		t.Errorf("only %d constraints were tried", tried)
	}
}

// A route must be the model's, with its method and path.
func TestRoutesAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	for key, group := range restRoutes {
		for _, one := range group {
			name := one.operation.name
			segments := slices.Clone(one.segments)
			of := model.IoT().Operations[name]
			if of == nil {
				t.Errorf("%s is not in the table: add it to model/compile/operations.go", name)
				continue
			}
			labels := of.Labels
			for i, segment := range segments {
				if strings.HasPrefix(segment, "*") && len(labels) > 0 {
					segments[i], labels = "{"+labels[0]+"}", labels[1:]
				}
			}
			if path := "/" + strings.Join(segments, "/"); key[0] != of.Method || path != of.Path {
				t.Errorf("%s is routed as %s %s; the model has %s %s", name, key[0], path, of.Method, of.Path)
			}
		}
	}
}

// violation is a request that violates one constraint.
type violation struct {
	name, code, message string
	request             map[string]any
}

// violationsOf returns one request for each constraint of an operation.
func violationsOf(of *model.Operation) (all []violation) {
	if of.Input == nil {
		return nil
	}
	for _, m := range of.Input.Members {
		if m.Required && m.Location != "uri" {
			all = append(all, missing(of, m.Name, func(r map[string]any) { delete(r, m.Name) }))
			if m.Location == "" {
				v := missing(of, m.Name, func(r map[string]any) {
					r[strings.ToUpper(m.Name[:1])+m.Name[1:]] = r[m.Name]
					delete(r, m.Name)
				})
				v.name = m.Name + " in another case"
				all = append(all, v)
			}
		}
		at := place{of, m.Name, m.Name, func(request map[string]any, value any) { request[m.Name] = value }}
		all = append(all, within(m.Shape, at)...)
		if m.Location == "" || m.Shape.Kind != "string" {
			all = append(all, otherType(m.Shape, at))
		}
	}
	return all
}

// place is a place in a request, in which put puts a value.
type place struct {
	of       *model.Operation
	name, at string // at is the path as AWS writes it
	put      func(request map[string]any, value any)
}

func missing(of *model.Operation, at string, change func(map[string]any)) violation {
	r := sampleRequest(of)
	change(r)
	return violation{
		at + " missing", refused,
		fmt.Sprintf("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", at), r,
	}
}

// lowerFirst returns a name as AWS writes it in the path of a member.
func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func (p place) violate(what string, value any, constraint string) violation {
	r := sampleRequest(p.of)
	p.put(r, value)
	return violation{p.name + " " + what, refused, fmt.Sprintf("at '%s' failed to satisfy constraint: %s", p.at, constraint), r}
}

// otherType returns a request with a value of another type, which AWS cannot read.
func otherType(s *model.Shape, p place) violation {
	var value any = "x"
	if s.Kind == "string" {
		value = 1
	}
	v := p.violate("of another type", value, "")
	v.code, v.message = "SerializationException", "can not be converted to"
	return v
}

// within returns the violations of a shape's own constraints and of those in it.
func within(s *model.Shape, p place) (all []violation) {
	for _, bad := range badValues(s) {
		all = append(all, p.violate(bad.what, bad.value, bad.constraint))
	}
	switch s.Kind {
	case "structure":
		for _, m := range s.Members {
			if m.Required {
				value := sample(s).(map[string]any)
				delete(value, m.Name)
				r := sampleRequest(p.of)
				p.put(r, value)
				all = append(all, missing(p.of, p.at+"."+lowerFirst(m.Name), func(to map[string]any) { maps.Copy(to, r) }))
			}
			at := place{p.of, p.name + "." + m.Name, p.at + "." + lowerFirst(m.Name), func(r map[string]any, value any) {
				whole := sample(s).(map[string]any)
				whole[m.Name] = value
				p.put(r, whole)
			}}
			all = append(append(all, within(m.Shape, at)...), otherType(m.Shape, at))
		}
	case "list":
		if s.Element.Kind != "string" {
			return append(all, within(s.Element, place{p.of, p.name + "[]", p.at + ".1.member", func(r map[string]any, value any) {
				p.put(r, []any{value})
			}})...)
		}
		for _, bad := range badValues(s.Element) {
			all = append(all, p.violate("[] "+bad.what, []any{bad.value}, "Member must satisfy constraint: ["))
		}
	case "map":
		for _, bad := range badValues(s.Key) {
			value := map[string]any{bad.value.(string): sample(s.Element)}
			all = append(all, p.violate("key "+bad.what, value, "Map keys must satisfy constraint: ["))
		}
		for _, bad := range badValues(s.Element) {
			all = append(all, p.violate("value "+bad.what, map[string]any{"key": bad.value}, "Map value must satisfy constraint: ["))
		}
	}
	return all
}

// badValue is a value that violates one constraint.
type badValue struct {
	what       string
	value      any
	constraint string
}

func badValues(s *model.Shape) (all []badValue) {
	add := func(what string, value any, format string, args ...any) {
		all = append(all, badValue{what, value, fmt.Sprintf(format, args...)})
	}
	switch s.Kind {
	case "string":
		if s.Max != nil {
			add("too long", stretch(s, int(*s.Max)+1), "Member must have length less than or equal to %d", *s.Max)
		}
		if s.Min != nil && *s.Min > 0 {
			add("too short", stretch(s, int(*s.Min)-1), "Member must have length greater than or equal to %d", *s.Min)
		}
		if s.Pattern != "" && s.Pattern != `[\s\S]*` {
			bad := stretch(s, int(deref(s.Min, 1))-1) + "\x07"
			if strings.HasPrefix(s.Pattern, "^[^$]") {
				bad = "$" + stretch(s, int(deref(s.Min, 1)))
			}
			add("of the wrong pattern", bad, "Member must satisfy regular expression pattern: %s", s.Pattern)
		}
		if s.Enum != nil {
			add("not listed", "none of them", "Member must satisfy enum value set: [%s]", strings.Join(s.Enum, ", "))
		}
	case "integer", "long", "double":
		if s.Max != nil {
			add("too large", *s.Max+1, "Member must have value less than or equal to %d", *s.Max)
		}
		if s.Min != nil {
			add("too small", *s.Min-1, "Member must have value greater than or equal to %d", *s.Min)
		}
	case "list":
		if s.Max != nil {
			add("too long", slices.Repeat([]any{sample(s.Element)}, int(*s.Max)+1), "Member must have length less than or equal to %d", *s.Max)
		}
		if s.Min != nil && *s.Min > 0 {
			add("too short", []any{}, "Member must have length greater than or equal to %d", *s.Min)
		}
	}
	return all
}

func deref(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return *n
}

// stretch returns a string of a length whose characters a shape allows.
func stretch(s *model.Shape, length int) string {
	return strings.Repeat("0", length)
}

// sample returns a valid value with all required members.
func sample(s *model.Shape) any {
	switch s.Kind {
	case "structure":
		value := map[string]any{}
		for _, m := range s.Members {
			if m.Required {
				value[m.Name] = sample(m.Shape)
			}
		}
		return value
	case "list":
		return slices.Repeat([]any{sample(s.Element)}, int(max(1, deref(s.Min, 1))))
	case "map":
		return map[string]any{"key": sample(s.Element)}
	case "string":
		if s.Enum != nil {
			return s.Enum[0]
		}
		return stretch(s, int(max(1, deref(s.Min, 1))))
	case "boolean":
		return true
	}
	return max(1, deref(s.Min, 1))
}

func sampleRequest(of *model.Operation) map[string]any {
	return sample(of.Input).(map[string]any)
}

// send sends a request with the given members in the places that the model names.
func send(t *testing.T, s *Server, of *model.Operation, members map[string]any) (status int, code, message string) {
	t.Helper()
	path, query, header, body := of.Path, url.Values{}, http.Header{}, map[string]any{}
	for name, value := range members {
		m := of.Input.Member(name)
		if m == nil {
			body[name] = value
			continue
		}
		switch m.Location {
		case "uri":
			path = strings.Replace(path, "{"+m.WireName+"}", url.PathEscape(fmt.Sprint(value)), 1)
		case "querystring":
			query.Set(m.WireName, fmt.Sprint(value))
		case "header":
			header.Set(m.WireName, fmt.Sprint(value))
		default:
			body[name] = value
		}
	}
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), of.Method, "http://sandbox.invalid"+path+"?"+query.Encode(),
		strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	response, err := audited{Transport(s)}.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var refusal struct{ Message string }
	if err := json.Unmarshal(answered, &refusal); err != nil || !utf8.Valid(answered) {
		t.Fatalf("%q: %v", answered, err)
	}
	return response.StatusCode, response.Header.Get("X-Amzn-Errortype"), refusal.Message
}
