// Package provisioning expands the templates with which AWS IoT provisions devices in bulk. The developer guide describes them under
// "Provisioning templates".
package provisioning

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The types of resources in a template.
const (
	Certificate = "AWS::IoT::Certificate"
	Thing       = "AWS::IoT::Thing"
	Policy      = "AWS::IoT::Policy"
)

// maxExpanded is the limit of all texts in an expanded template together, in bytes. Without it a short template that repeats a long
// parameter could fill the memory.
const maxExpanded = 1 << 20

// A Template describes what is created for a device. It may be used concurrently.
type Template struct {
	Parameters map[string]struct {
		Type    string
		Default *string
	}
	Mappings  map[string]map[string]map[string]any
	Resources map[string]struct {
		Type             string
		Properties       map[string]any
		OverrideSettings map[string]string
	}
}

// Parse parses the JSON of a template. It must contain at least one resource, all of known types, and no more than one thing and one
// certificate.
func Parse(text string) (*Template, error) {
	t := new(Template)
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, fmt.Errorf("invalid template: %w", err)
	}
	if len(t.Resources) == 0 {
		return nil, errors.New("invalid template: it has no Resources")
	}
	count := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		kind := t.Resources[name].Type
		if count[kind]++; !slices.Contains(order, kind) {
			return nil, fmt.Errorf("invalid template: resource %s has the unknown type %q", name, kind)
		}
	}
	if count[Thing] > 1 || count[Certificate] > 1 {
		return nil, errors.New("invalid template: it has more than one thing or certificate")
	}
	return t, nil
}

// order is the order in which resources are created.
var order = []string{Certificate, Thing, Policy}

// A Resource is a resource of an expanded template.
type Resource struct {
	// Name is its name in the template.
	Name string
	// Type is Certificate, Thing or Policy.
	Type string
	// Overrides say what happens to a property that exists with another value.
	Overrides map[string]string

	properties map[string]any
}

// Text returns a property that is a text, or "" without it.
func (r Resource) Text(property string) (string, error) {
	switch v := r.properties[property].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", fmt.Errorf("%s of %s is not a string", property, r.Name)
}

// List returns a property that is a list of texts.
func (r Resource) List(property string) ([]string, error) {
	return textsOf(r.properties[property], property+" of "+r.Name)
}

// Map returns a property that contains texts by name.
func (r Resource) Map(property string) (map[string]string, error) {
	switch v := r.properties[property].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		out := map[string]string{}
		for name, value := range v {
			s, ok := value.(string)
			if !ok {
				return nil, fmt.Errorf("%s in %s of %s is not a string", name, property, r.Name)
			}
			out[name] = s
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s of %s is not a map", property, r.Name)
}

// Expand returns the resources for a device, in the order in which they have to be created: certificate, thing, policies. It returns an
// error for a parameter that has neither a value nor a default, and for one that the template does not have.
func (t *Template) Expand(values map[string]string) ([]Resource, error) {
	e := expander{parameters: map[string]string{}, mappings: t.Mappings}
	for name, p := range t.Parameters {
		value, given := values[name]
		switch {
		case given:
			e.parameters[name] = value
		case p.Default != nil:
			e.parameters[name] = *p.Default
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, known := t.Parameters[name]; !known {
			return nil, fmt.Errorf("the template has no parameter %s", name)
		}
	}
	var all []Resource
	for _, kind := range order {
		for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
			r := t.Resources[name]
			if r.Type != kind {
				continue
			}
			properties, err := e.expandMap(r.Properties)
			if err != nil {
				return nil, fmt.Errorf("resource %s: %w", name, err)
			}
			all = append(all, Resource{name, kind, r.OverrideSettings, properties})
		}
	}
	return all, nil
}

type expander struct {
	parameters map[string]string
	mappings   map[string]map[string]map[string]any
	size       int
	inMapping  bool
}

func (e *expander) expandMap(m map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if err := e.spend(len(name)); err != nil {
			return nil, err
		}
		var err error
		if out[name], err = e.expand(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// expand replaces functions by their values. Numbers and booleans become texts.
func (e *expander) expand(v any) (any, error) {
	if err := e.spend(1); err != nil { // an empty value takes memory, too
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return e.count(v)
	case float64, bool:
		return e.count(fmt.Sprint(v))
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = e.expand(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return e.call(name, argument)
				}
			}
		}
		return e.expandMap(v)
	}
	return v, nil
}

func (e *expander) count(s string) (string, error) { return s, e.spend(len(s)) }

// spend returns an error if the expanded template becomes longer than the limit.
func (e *expander) spend(size int) error {
	if e.size += size; e.size > maxExpanded {
		return fmt.Errorf("the expanded template is longer than %d bytes", maxExpanded)
	}
	return nil
}

// call evaluates a function.
func (e *expander) call(name string, argument any) (any, error) {
	if name == "Fn::Sub" {
		return e.substitute(argument)
	}
	expanded, err := e.expand(argument)
	if err != nil {
		return nil, err
	}
	if name == "Ref" {
		parameter, _ := expanded.(string)
		return e.parameter(parameter)
	}
	arguments, ok := expanded.([]any)
	if !ok || len(arguments) < 2 {
		return nil, fmt.Errorf("%s needs a list of arguments", name)
	}
	first, _ := arguments[0].(string)
	switch name {
	case "Fn::Join":
		parts, err := textsOf(arguments[1], name)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if err := e.spend(len(part) + len(first)); err != nil {
				return nil, err
			}
		}
		return strings.Join(parts, first), nil
	case "Fn::Split":
		text, ok := arguments[1].(string)
		if !ok || first == "" {
			return nil, fmt.Errorf("%s needs a delimiter and a string", name)
		}
		var out []any
		for part := range strings.SplitSeq(text, first) {
			out = append(out, part)
		}
		return out, nil
	case "Fn::Select":
		list, _ := arguments[1].([]any)
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(list) {
			return nil, fmt.Errorf("%s has no element %q", name, first)
		}
		return list[i], nil
	case "Fn::FindInMap":
		return e.findInMap(arguments)
	}
	return nil, fmt.Errorf("unknown function %s", name)
}

func (e *expander) parameter(name string) (string, error) {
	value, ok := e.parameters[name]
	if !ok {
		return "", fmt.Errorf("parameter %s has no value", name)
	}
	return e.count(value)
}

func (e *expander) findInMap(arguments []any) (any, error) {
	keys, err := textsOf(arguments, "Fn::FindInMap")
	if err != nil || len(keys) != 3 {
		return nil, errors.New("Fn::FindInMap needs three strings")
	}
	value, ok := e.mappings[keys[0]][keys[1]][keys[2]]
	if !ok {
		return nil, fmt.Errorf("mapping %s has no value for %s and %s", keys[0], keys[1], keys[2])
	}
	if e.inMapping { // a mapping that contains itself would never end
		return nil, errors.New("Fn::FindInMap cannot be used in a mapping")
	}
	e.inMapping = true
	defer func() { e.inMapping = false }()
	return e.expand(value)
}

// substitute replaces ${Name} in a text by a parameter, or by one of the values that follow it.
func (e *expander) substitute(argument any) (string, error) {
	text, own := argument, map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		values, ok := list[1].(map[string]any)
		if !ok {
			return "", errors.New("Fn::Sub needs a string and a map")
		}
		var err error
		if own, err = e.expandMap(values); err != nil {
			return "", err
		}
		text = list[0]
	}
	rest, ok := text.(string)
	if !ok {
		return "", errors.New("Fn::Sub needs a string")
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(rest, "${")
		if err := e.spend(len(before)); err != nil {
			return "", err
		}
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return "", errors.New("Fn::Sub: ${ is not closed")
		}
		value, ok := own[name].(string)
		err := e.spend(len(value))
		if !ok {
			value, err = e.parameter(name)
		}
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		rest = after
	}
}

func textsOf(v any, what string) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is not a list", what)
	}
	var out []string
	for _, one := range list {
		s, ok := one.(string)
		if !ok {
			return nil, fmt.Errorf("%s is not a list of strings", what)
		}
		out = append(out, s)
	}
	return out, nil
}
