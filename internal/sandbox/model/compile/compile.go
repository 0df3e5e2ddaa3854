package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/model"
)

// serviceModel is the part of a service model that the table needs.
type serviceModel struct {
	Metadata   struct{ ServiceID, APIVersion, Protocol string }
	Operations map[string]operation
	Shapes     map[string]shape
}

type operation struct {
	HTTP struct {
		Method, RequestURI string
	}
	Input, Output reference
	Errors        []reference
}

type reference struct {
	Shape string

	// These are of members only.
	Location, LocationName string
}

type shape struct {
	Type, Pattern, Payload string
	Min, Max               *json.Number
	Enum, Required         []string
	Members                map[string]reference
	Member, Key, Value     reference // of lists and maps
	Exception              bool
	Error                  struct{ HTTPStatusCode int }
}

const header = `# The service model of AWS IoT for the operations of the sandbox.
#
# Compiled by "make model" from data/%s/%s/service-2.json of botocore %s
# (https://github.com/boto/botocore, Apache License 2.0, Copyright Amazon.com, Inc.). It contains
# facts of the interface only. Do not edit it: add operations in compile/operations.go.
#
# OPERATION operation METHOD PATH INPUT OUTPUT ERROR,ERROR
# ERROR     error STATUS
# SHAPE     structure, or string, integer and so on with [MIN..MAX] [=VALUE|VALUE] [~PATTERN],
#           or list ELEMENT [MIN..MAX], or map KEY VALUE [MIN..MAX]
#   MEMBER  SHAPE [!] [uri|querystring|header NAME]      ! stands for required
`

// dataPlane is the service ID of the data plane.
const dataPlane = "IoT Data Plane"

// compileModel returns the table of the named operations and all shapes that they use.
func compileModel(content []byte, version string, names []string) ([]byte, error) {
	var from serviceModel
	if err := json.Unmarshal(content, &from); err != nil {
		return nil, err
	}
	if from.Metadata.Protocol != "rest-json" {
		return nil, fmt.Errorf("the protocol is %q and not rest-json", from.Metadata.Protocol)
	}
	c := compiler{from: from, needed: map[string]bool{}, errors: map[string]bool{}}
	directory := "iot"
	if from.Metadata.ServiceID == dataPlane {
		directory = "iot-data"
	}
	fmt.Fprintf(&c.out, header, directory, from.Metadata.APIVersion, version)
	c.out.WriteByte('\n')
	for _, name := range slices.Sorted(slices.Values(names)) {
		if err := c.operation(name); err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.needed)) {
		c.out.WriteByte('\n')
		if err := c.shape(name, from.Shapes[name]); err != nil {
			return nil, fmt.Errorf("shape %s: %w", name, err)
		}
	}
	table, err := model.Parse(c.out.String())
	if err != nil {
		return nil, err
	}
	return c.out.Bytes(), table.CheckPatterns()
}

type compiler struct {
	from           serviceModel
	needed, errors map[string]bool
	out            bytes.Buffer
}

func (c *compiler) operation(name string) error {
	o, ok := c.from.Operations[name]
	if !ok {
		return errors.New("the model has no such operation")
	}
	var refused []string
	for _, e := range o.Errors {
		refused = append(refused, e.Shape)
		c.need(e.Shape)
	}
	c.need(o.Input.Shape)
	c.need(o.Output.Shape)
	fmt.Fprintf(&c.out, "%s operation %s %s %s %s %s\n", name, o.HTTP.Method, o.HTTP.RequestURI,
		orNone(o.Input.Shape), orNone(o.Output.Shape), strings.Join(refused, ","))
	return nil
}

// orNone returns the name of a shape, or "-" if an operation has none.
func orNone(name string) string {
	if name == "" {
		return "-"
	}
	return name
}

// need marks a shape and all shapes in it.
func (c *compiler) need(name string) {
	if name == "" || c.needed[name] {
		return
	}
	c.needed[name] = true
	s := c.from.Shapes[name]
	for _, m := range s.Members {
		c.need(m.Shape)
	}
	for _, r := range []reference{s.Member, s.Key, s.Value} {
		c.need(r.Shape)
	}
}

func (c *compiler) shape(name string, s shape) error {
	if s.Payload != "" {
		return fmt.Errorf("a body that is the member %s is not supported", s.Payload)
	}
	c.out.WriteString(name)
	switch s.Type {
	case "structure":
		if s.Exception {
			fmt.Fprintf(&c.out, " error %d", s.Error.HTTPStatusCode)
		} else {
			c.out.WriteString(" structure")
		}
	case "list":
		fmt.Fprintf(&c.out, " list %s", s.Member.Shape)
	case "map":
		fmt.Fprintf(&c.out, " map %s %s", s.Key.Shape, s.Value.Shape)
	default:
		fmt.Fprintf(&c.out, " %s", s.Type)
	}
	if s.Min != nil || s.Max != nil {
		fmt.Fprintf(&c.out, " %s..%s", bound(s.Min), bound(s.Max))
	}
	if len(s.Enum) > 0 {
		fmt.Fprintf(&c.out, " =%s", strings.Join(s.Enum, "|"))
	}
	if s.Pattern != "" {
		fmt.Fprintf(&c.out, " ~%s", s.Pattern)
	}
	c.out.WriteByte('\n')
	for _, member := range slices.Sorted(maps.Keys(s.Members)) {
		m := s.Members[member]
		fmt.Fprintf(&c.out, "  %s %s", member, m.Shape)
		if slices.Contains(s.Required, member) {
			c.out.WriteString(" !")
		}
		if m.Location != "" {
			fmt.Fprintf(&c.out, " %s %s", m.Location, m.LocationName)
		} else if m.LocationName != "" && m.LocationName != member {
			return fmt.Errorf("member %s: another name in the body is not supported", member)
		}
		c.out.WriteByte('\n')
	}
	return nil
}

func bound(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}
