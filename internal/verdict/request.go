package verdict

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// A Request is what each device is to do: an action, and a topic that depends on the device.
type Request struct {
	// Text is the request for people, such as "publish dt/{thing}".
	Text string
	// Other is true for a request that concerns another thing. The policies should refuse it.
	Other bool
	// Wanted is true for a request that the firmware needs: one that was asked for, a connection, or a
	// topic that a policy names.
	Wanted bool

	action, kind string // kind is the type of the resource
	topic        topic
}

// For returns the request of one device. It fails if the device has no value for a field of the
// topic.
func (r *Request) For(d *manifest.Device, c *policy.Connection) (policy.Request, error) {
	name, err := r.topic.expand(d, c, "")
	return policy.Request{Action: r.action, Resource: r.kind + "/" + name}, err
}

// actions are the requests that can be asked for, with the type of their resource.
var actions = []struct{ word, action, kind string }{
	{"connect", "iot:Connect", "client"},
	{"publish", "iot:Publish", "topic"},
	{"subscribe", "iot:Subscribe", "topicfilter"},
	{"receive", "iot:Receive", "topic"},
	{"retain", "iot:RetainPublish", "topic"},
}

// ParseRequest parses a request such as publish:dt/{thing}. The topic may have {thing},
// the name of the thing, {client}, the client ID, and the fields of a [manifest.Template].
// connect has no topic.
func ParseRequest(text string) (Request, error) {
	word, topicText, ok := strings.Cut(text, ":")
	for _, a := range actions {
		if a.word != word {
			continue
		}
		if ok == (word == "connect") || ok && topicText == "" {
			break
		}
		if word == "connect" {
			return connect, nil
		}
		parsed, err := parseTopic(topicText)
		return Request{Text: word + " " + topicText, Wanted: true, action: a.action, kind: a.kind, topic: parsed}, err
	}
	return Request{}, fmt.Errorf("%q is not a request", text)
}

var connect = Request{Text: "connect", Wanted: true, action: "iot:Connect", kind: "client", topic: topic{{field: "client"}}}

// A topic is text with places that the device fills.
type topic []part

// A part is literal text, a template, a field of this package, or a policy variable.
type part struct {
	literal, field, variable string
	template                 manifest.Template
	isTemplate               bool
}

var ownFields = regexp.MustCompile(`\{(thing|client)\}`)

func parseTopic(text string) (topic, error) {
	var t topic
	add := func(text string) error {
		if !strings.ContainsAny(text, "{}") {
			t = append(t, part{literal: text})
			return nil
		}
		template, err := manifest.ParseTemplate(text)
		t = append(t, part{template: template, isTemplate: true})
		return err
	}
	for {
		at := ownFields.FindStringSubmatchIndex(text)
		if at == nil {
			return t, add(text)
		}
		if at[0] > 0 {
			if err := add(text[:at[0]]); err != nil {
				return nil, err
			}
		}
		t = append(t, part{field: text[at[2]:at[3]]})
		if text = text[at[1]:]; text == "" {
			return t, nil
		}
	}
}

var variables = regexp.MustCompile(`\$\{([^}]*)\}`)

// topicOf returns a topic for the text of a resource in a policy, and the topic for people.
// It has the word "any" for asterisks. ok is false if the text has nothing of its own, so that
// no firmware would use that topic.
func topicOf(resource string) (t topic, text string, ok bool) {
	literal := func(s string) {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "*", "any"), "?", "x")
		t, text = append(t, part{literal: s}), text+s
	}
	if strings.Trim(resource, "*/") == "" {
		return nil, "", false
	}
	rest := 0
	for _, at := range variables.FindAllStringSubmatchIndex(resource, -1) {
		literal(resource[rest:at[0]])
		rest = at[1]
		switch name := resource[at[2]:at[3]]; name {
		case "*", "?", "$":
			t, text = append(t, part{literal: name}), text+name
		default:
			t, text = append(t, part{variable: name}), text+"{"+short(name)+"}"
		}
	}
	literal(resource[rest:])
	return t, text, true
}

// short returns a variable for people: {thing}, {client}, {cn} or the last part of its name.
func short(variable string) string {
	switch strings.ToLower(variable) {
	case "iot:connection.thing.thingname":
		return "thing"
	case "iot:clientid":
		return "client"
	case "iot:certificate.subject.commonname":
		return "cn"
	}
	if _, attribute, ok := strings.Cut(variable, "Attributes["); ok {
		return strings.TrimSuffix(attribute, "]")
	}
	return variable[strings.LastIndexByte(variable, '.')+1:]
}

var errNoValue = errors.New("the device has no value for a field of the topic")

// expand fills the topic. For variables it takes the value that the device has, whether
// policies substitute it or not.
func (t topic) expand(d *manifest.Device, c *policy.Connection, other string) (string, error) {
	var b strings.Builder
	for _, p := range t {
		value, ok := p.literal, true
		switch {
		case p.isTemplate:
			expanded, err := p.template.Expand(d)
			if err != nil {
				return "", err
			}
			value = expanded
		case p.field == "client" && other == "", p.variable != "" && strings.EqualFold(p.variable, "iot:ClientId") && other == "":
			value = c.ClientID
		case p.field != "":
			value = thingName(c, other)
		case p.variable != "":
			value, ok = valueOf(p.variable, c, other)
		}
		if !ok {
			return "", errNoValue
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

func thingName(c *policy.Connection, other string) string {
	switch {
	case other != "":
		return other
	case len(c.Things) > 0:
		return c.Things[0].Name
	}
	return c.ClientID
}

// valueOf returns the value of a policy variable before the rules of substitution.
func valueOf(variable string, c *policy.Connection, other string) (string, bool) {
	lower := strings.ToLower(variable)
	switch {
	case lower == "iot:connection.thing.thingname" || lower == "iot:clientid":
		return thingName(c, other), true
	case lower == "iot:connection.thing.thingtypename" && len(c.Things) > 0:
		return c.Things[0].Type, c.Things[0].Type != ""
	case lower == "iot:certificate.subject.commonname" && other != "":
		return other, true
	case lower == "iot:certificateid" && c.Certificate != nil:
		return c.Certificate.ID, true
	case lower == "iot:certificate.serialnumber" && c.Certificate != nil:
		return c.Certificate.SerialNumber, true
	}
	if _, name, ok := strings.Cut(variable, "Attributes["); ok && len(c.Things) > 0 {
		value, ok := c.Things[0].Attributes[strings.TrimSuffix(name, "]")]
		return value, ok
	}
	of, field, ok := strings.Cut(strings.TrimPrefix(variable, "iot:Certificate."), ".")
	if !ok || c.Certificate == nil {
		return "", false
	}
	names := map[string]*policy.Name{"Subject": &c.Certificate.Subject, "Issuer": &c.Certificate.Issuer}[of]
	index := 0
	if name, number, ok := cutLast(field); ok {
		field, index = name, number
	}
	if f, known := policy.FieldNamed(field); names != nil && known && index < len(names[f]) {
		return names[f][index], true
	}
	return "", false
}

// cutLast cuts the index off a field such as CommonName.1.
func cutLast(field string) (name string, index int, ok bool) {
	at := strings.LastIndexByte(field, '.')
	if at < 0 {
		return field, 0, false
	}
	index, err := strconv.Atoi(field[at+1:])
	return field[:at], index, err == nil && index >= 0
}

// DefaultRequests returns requests for policies whose devices are not known better: a
// connection, the topics that the documents name, the device's own shadow and jobs, and the
// same for another thing.
func DefaultRequests(documents []*policy.Document) []Request {
	requests := []Request{connect}
	add := func(r Request) {
		if !slices.ContainsFunc(requests, func(has Request) bool { return has.Text == r.Text && has.Other == r.Other }) {
			requests = append(requests, r)
		}
	}
	for _, document := range documents {
		for i := range document.Statements {
			for _, r := range named(&document.Statements[i]) {
				add(r)
			}
		}
	}
	for _, own := range []struct{ word, action, kind, topic string }{
		{"publish", "iot:Publish", "topic", "/shadow/update"},
		{"subscribe", "iot:Subscribe", "topicfilter", "/shadow/update/delta"},
		{"subscribe", "iot:Subscribe", "topicfilter", "/jobs/notify"},
	} {
		add(Request{
			Text: own.word + " $aws/things/{thing}" + own.topic, action: own.action, kind: own.kind,
			topic: topic{{literal: "$aws/things/"}, {field: "thing"}, {literal: own.topic}},
		})
	}
	for _, r := range requests {
		if r.dependsOnThing() {
			r.Text, r.Other = strings.NewReplacer("{thing}", "{other}", "{client}", "{other}", "{cn}", "{other}").Replace(r.Text), true
			r.Wanted = false
			if r.action == connect.action {
				r.Text = "connect as {other}"
			}
			add(r)
		}
	}
	return requests
}

// dependsOnThing reports whether the request is another one for another thing.
func (r *Request) dependsOnThing() bool {
	return slices.ContainsFunc(r.topic, func(p part) bool {
		return p.field != "" || slices.Contains([]string{"thing", "client", "cn"}, short(p.variable)) && p.variable != ""
	})
}

// named returns requests for the topics that a statement names.
func named(s *policy.Statement) (requests []Request) {
	if s.NotResource || s.NotAction {
		return nil
	}
	for _, a := range actions[1:] {
		if !isAbout(s, a.action) {
			continue
		}
		for _, resource := range s.Resources {
			parts := strings.SplitN(resource.Text, ":", 6)
			if len(parts) < 6 {
				continue
			}
			name, ok := strings.CutPrefix(parts[5], a.kind+"/")
			if !ok {
				continue
			}
			if t, text, ok := topicOf(name); ok {
				requests = append(requests, Request{
					Text: a.word + " " + text, Wanted: s.Effect == policy.Allow, action: a.action, kind: a.kind, topic: t,
				})
			}
		}
	}
	return requests
}

// isAbout reports whether a statement names an action, or all of them.
func isAbout(s *policy.Statement, action string) bool {
	return slices.ContainsFunc(s.Actions, func(of policy.Action) bool {
		return strings.EqualFold(of.Text, action) || of.Text == "iot:*" || of.Text == "*"
	})
}
