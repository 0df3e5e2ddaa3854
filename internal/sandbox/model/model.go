// Package model is AWS's service model of the AWS IoT control plane: the members of requests and
// answers, their types and constraints, and the errors of each operation. The table iot.txt
// contains it for the operations of the sandbox, and data.txt for those of the data plane. Package compile, next to it, compiles the table
// from the model that AWS publishes.
//
// [Operation.Validate] checks a request against the model and returns what AWS answers.
package model

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./compile -model $IOT_MODEL -version $BOTOCORE_VERSION -out iot.txt
//go:generate go run ./compile -data -model $IOT_DATA_MODEL -version $BOTOCORE_VERSION -out data.txt

var (
	//go:embed iot.txt
	table string
	//go:embed data.txt
	dataTable string
)

// IoT returns the service model of AWS IoT. It is read from the tables at the first call. A shape that
// both tables have is that of the control plane; the operations of the data plane have their own.
var IoT = sync.OnceValue(func() *Model {
	m, err := Parse(dataTable)
	control, failed := Parse(table)
	if err = cmp.Or(err, failed); err != nil {
		panic("model: " + err.Error()) // the tables are part of the program
	}
	maps.Copy(m.Operations, control.Operations)
	maps.Copy(m.Shapes, control.Shapes)
	return m
})

// A Model is a service model. It does not change and may be used concurrently.
type Model struct {
	Operations map[string]*Operation
	Shapes     map[string]*Shape
}

// An Operation is one operation of a service.
type Operation struct {
	Name, Method string
	// Path contains labels such as {thingName}.
	Path string
	// Labels are the names of the labels in the order of the path.
	Labels []string
	// Input and Output are structures, or nil.
	Input, Output *Shape
	// Errors are the codes of the errors that the model lists.
	Errors []string

	outside []outside
	inBody  bool
}

// outside is a member of a request that is not in the body.
type outside struct {
	*Member
	label  int    // of a label, its index
	header string // of a header, its canonical name
}

// A Shape is a type with its constraints.
type Shape struct {
	Name string
	// Kind is structure, list, map, string, integer, long, double, float, boolean, timestamp or
	// blob.
	Kind string
	// Status is the HTTP status of an error, and 0 for all other shapes.
	Status int
	// Min and Max limit the value of a number, the characters of a string, and the length of a
	// list or map.
	Min, Max *int64
	Enum     []string
	// Pattern is empty if the model has none.
	Pattern string
	// Members are those of a structure, sorted by name.
	Members []*Member
	// Key is the type of a map's keys. Element is the type of its values or of a list's elements.
	Key, Element *Shape

	byName   map[string]int
	required uint64 // bit set of members
	matches  func(s []byte) bool
	anyText  bool // all characters are allowed
}

// A Member is a member of a structure.
type Member struct {
	Name     string
	Shape    *Shape
	Required bool
	// Location is uri, querystring or header; in the body it is empty.
	Location string
	// WireName is the name in the query string or the header.
	WireName string
}

// HasBody reports whether the operation has members in the body of its request.
func (o *Operation) HasBody() bool { return o.inBody }

// Member returns the member of a structure with a name, which is compared with its case, or nil.
func (s *Shape) Member(name string) *Member {
	if i, ok := s.byName[name]; ok {
		return s.Members[i]
	}
	return nil
}

// maxMembers is the maximum number of members of a structure, because a bit set contains those
// that are there.
const maxMembers = 64

// Parse reads a table, whose format its header describes.
func Parse(table string) (*Model, error) {
	p := parser{Model: &Model{map[string]*Operation{}, map[string]*Shape{}}}
	var structure *Shape
	for i, line := range strings.Split(table, "\n") {
		var err error
		switch {
		case line == "", line[0] == '#':
		case line[0] == ' ':
			err = p.member(structure, strings.Fields(line))
		default:
			structure, err = p.definition(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return p.Model, p.connect()
}

// parser reads a table. Shapes are referred to before they are defined.
type parser struct {
	*Model
}

// shape returns the shape with a name, which may still have to be defined.
func (p *parser) shape(name string) *Shape {
	if name == "-" {
		return nil
	}
	s := p.Shapes[name]
	if s == nil {
		s = &Shape{Name: name}
		p.Shapes[name] = s
	}
	return s
}

func (p *parser) definition(line string) (structure *Shape, err error) {
	line, pattern, _ := strings.Cut(line, " ~")
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return nil, fmt.Errorf("%q has no type", line)
	}
	name, kind, fields := fields[0], fields[1], fields[2:]
	if kind == "operation" {
		return nil, p.operation(name, fields)
	}
	s := p.shape(name)
	if s.Kind != "" {
		return nil, fmt.Errorf("%s is defined twice", name)
	}
	s.Kind, s.Pattern = kind, pattern
	take := func() string {
		if len(fields) == 0 {
			return ""
		}
		first := fields[0]
		fields = fields[1:]
		return first
	}
	switch kind {
	case "error":
		s.Kind = "structure"
		if s.Status, err = strconv.Atoi(take()); err != nil {
			return nil, err
		}
	case "list":
		s.Element = p.shape(take())
	case "map":
		s.Key, s.Element = p.shape(take()), p.shape(take())
	}
	for _, field := range fields {
		if err := s.constrain(field); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *parser) operation(name string, fields []string) error {
	if len(fields) != 5 {
		return fmt.Errorf("operation %s has %d fields", name, len(fields))
	}
	o := &Operation{Name: name, Method: fields[0], Path: fields[1], Input: p.shape(fields[2]), Output: p.shape(fields[3])}
	for segment := range strings.SplitSeq(o.Path, "/") {
		if strings.HasPrefix(segment, "{") {
			o.Labels = append(o.Labels, strings.Trim(segment, "{}"))
		}
	}
	o.Errors = strings.Split(fields[4], ",")
	p.Operations[name] = o
	return nil
}

func (s *Shape) constrain(field string) (err error) {
	if values, ok := strings.CutPrefix(field, "="); ok {
		s.Enum = strings.Split(values, "|")
		return nil
	}
	least, most, ok := strings.Cut(field, "..")
	if !ok {
		return fmt.Errorf("%s: %q is not a constraint", s.Name, field)
	}
	if s.Min, err = limit(least); err == nil {
		s.Max, err = limit(most)
	}
	return err
}

func limit(text string) (*int64, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // there is no limit
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return &n, err
}

func (p *parser) member(of *Shape, fields []string) error {
	if of == nil || of.Kind != "structure" || len(fields) < 2 {
		return fmt.Errorf("member %q is not part of a structure", strings.Join(fields, " "))
	}
	m := &Member{Name: fields[0], Shape: p.shape(fields[1])}
	fields = fields[2:]
	if len(fields) > 0 && fields[0] == "!" {
		m.Required, fields = true, fields[1:]
	}
	if len(fields) == 2 {
		m.Location, m.WireName = fields[0], fields[1]
	} else if len(fields) > 0 {
		return fmt.Errorf("member %s: %q is not understood", m.Name, strings.Join(fields, " "))
	}
	if of.byName == nil {
		of.byName = map[string]int{}
	}
	if m.Required {
		of.required |= 1 << len(of.Members)
	}
	of.byName[m.Name] = len(of.Members)
	if of.Members = append(of.Members, m); len(of.Members) > maxMembers {
		return fmt.Errorf("%s has more than %d members", of.Name, maxMembers)
	}
	return nil
}

// connect prepares what Validate needs, and returns an error for anything that it does not
// support.
func (p *parser) connect() error {
	for name, s := range p.Shapes {
		if s.Kind == "" {
			return fmt.Errorf("shape %s is not defined", name)
		}
		if s.Pattern != "" {
			s.matches = matcher(s.Pattern)
		}
		s.anyText = s.Enum == nil && (s.Pattern == "" || s.Pattern == anything)
	}
	for name, o := range p.Operations {
		if o.Input == nil {
			continue
		}
		for _, m := range o.Input.Members {
			if m.Location == "" {
				o.inBody = true
				continue
			}
			at := outside{m, -1, textproto.CanonicalMIMEHeaderKey(m.WireName)}
			for i, label := range o.Labels {
				if m.Location == "uri" && label == m.WireName {
					at.label = i
				}
			}
			switch {
			case m.Shape.Kind == "list" || m.Shape.Kind == "map" || m.Shape.Kind == "structure",
				m.Location != "uri" && m.Location != "querystring" && m.Location != "header",
				m.Location == "uri" && at.label < 0:
				return fmt.Errorf("operation %s: member %s in %s %s is not supported", name, m.Name, m.Location, m.WireName)
			}
			o.outside = append(o.outside, at)
		}
	}
	return nil
}
