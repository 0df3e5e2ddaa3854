package policy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// A referenceRune is a character of a pattern as the reference reads it.
type referenceRune struct {
	kind byte // c, ? or *
	c    string
}

// referencePattern reads a pattern the plain way. It reports false if a variable has no value.
func referencePattern(text string, values map[string]string) (all []referenceRune, ok bool) {
	literal := func(text string) {
		for text != "" {
			_, size := utf8.DecodeRuneInString(text)
			all = append(all, referenceRune{'c', text[:size]})
			text = text[size:]
		}
	}
	for text != "" {
		if end := strings.IndexByte(text, '}'); strings.HasPrefix(text, "${") && end > 0 {
			name := text[2:end]
			value, known := values[strings.ToLower(name)]
			switch {
			case name == "*" || name == "?" || name == "$":
				literal(name)
			case !known:
				return nil, false
			default:
				literal(value)
			}
			text = text[end+1:]
			continue
		}
		_, size := utf8.DecodeRuneInString(text)
		switch text[:size] {
		case "*", "?":
			all = append(all, referenceRune{text[0], ""})
		default:
			literal(text[:size])
		}
		text = text[size:]
	}
	return all, true
}

// referenceMatch matches by a table of all prefixes.
func referenceMatch(pattern []referenceRune, text string) bool {
	var runes []string
	for text != "" {
		_, size := utf8.DecodeRuneInString(text)
		runes = append(runes, text[:size])
		text = text[size:]
	}
	table := make([][]bool, len(pattern)+1)
	for i := range table {
		table[i] = make([]bool, len(runes)+1)
	}
	table[0][0] = true
	for i, p := range pattern {
		for j := range len(runes) + 1 {
			switch {
			case p.kind == '*':
				table[i+1][j] = table[i][j] || j > 0 && table[i+1][j-1]
			case j > 0:
				table[i+1][j] = table[i][j-1] && (p.kind == '?' || p.c == runes[j-1])
			}
		}
	}
	return table[len(pattern)][len(runes)]
}

func referenceMatches(pattern, text string, values map[string]string) bool {
	all, ok := referencePattern(pattern, values)
	return ok && referenceMatch(all, text)
}

// valuesOf are the variables that the reference knows.
func valuesOf(c *Connection) map[string]string {
	values := map[string]string{"iot:clientid": c.ClientID, "iot:connection.thing.isattached": "false"}
	if thing := c.Thing(); thing != nil {
		values["iot:connection.thing.isattached"] = "true"
		if thing.Name != "" {
			values["iot:connection.thing.thingname"] = thing.Name
		}
	}
	return values
}

// A pattern matches exactly what the plain reference matches.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][3]string{
		{"a*b?c", "axxbyc", ""},
		{"topic/${iot:ClientId}/*", "topic/*/a", "*"},
		{"${*}${?}${$}${", "*?$${", ""},
		{"*ä?*ß*", "xäyzß", ""},
		{"*${iot:ClientId}?*${iot:ClientId}", "aabaab", "a"},
		{"*a*a*a*b", "aaaaaaaaaaaaaaaa", ""},
		{"${iot:Thing.ThingName}*", "x", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, text, subject, clientID string) {
		if len(text) > 1000 || len(subject) > 1000 || !utf8.ValidString(text+subject+clientID) {
			return // documents and topics are UTF-8
		}
		c := Connection{ClientID: clientID}
		values := valuesOf(&c)
		e := newEvaluation(&c, &Request{})
		p := compilePattern(text, syntax{wildcards: true, variables: true})
		for _, v := range p.variables {
			if _, known := values[strings.ToLower(v.name)]; !known && v.kind != unknownVariable {
				return // the reference does not know it
			}
		}
		if got, want := p.matches(subject, &e), referenceMatches(text, subject, values); got != want {
			t.Errorf("%q, %q, %q: %v, want %v", text, subject, clientID, got, want)
		}
	})
}

// referenceOutcome decides documents without conditions the plain way. It reports false for others.
func referenceOutcome(d *Document, c *Connection, r Request) (Outcome, bool) {
	values := valuesOf(c)
	resource := string(r.appendResource(nil, c))
	outcome := ImplicitDeny
	for _, s := range d.Statements {
		if len(s.Conditions) > 0 || d.Version != version2012 {
			return "", false
		}
		action, matches := false, false
		for _, a := range s.Actions {
			action = action || referenceMatches(strings.ReplaceAll(strings.ToLower(a.Text), "$", "${$}"), strings.ToLower(r.Action), nil)
		}
		for _, one := range s.Resources {
			matches = matches || referenceMatches(one.Text, resource, values)
		}
		switch {
		case action == s.NotAction || matches == s.NotResource:
		case s.Effect == Deny:
			return ExplicitDeny, true
		default:
			outcome = Allowed
		}
	}
	return outcome, true
}

// The explanation agrees with the outcome, and the outcome with the plain reference.
func FuzzEvaluate(f *testing.F) {
	var file struct {
		Policies map[string]json.RawMessage
		Vectors  []struct {
			Policies   []string
			Connection struct{ ClientID string }
			Request    Request
		}
	}
	readVectors(f, "evaluate.json", &file)
	for _, v := range file.Vectors {
		for _, name := range v.Policies {
			f.Add(string(file.Policies[name]), v.Connection.ClientID, "t1", "common name", v.Request.Action, v.Request.Resource)
		}
	}
	f.Fuzz(func(t *testing.T, text, clientID, thing, commonName, action, resource string) {
		document, err := Parse(text)
		if err != nil || !utf8.ValidString(clientID+thing+action+resource) {
			return
		}
		c := Connection{Target: Target{Region: "us-east-1", Account: "123456789012"}, ClientID: clientID, Certificate: &Certificate{}}
		if thing != "" {
			c.Things = []Thing{{Name: thing}}
		}
		c.Certificate.Subject[CommonName] = []string{commonName}
		r := Request{action, resource}
		p := Compile(document)
		d := p.Evaluate(&c, r)
		if got := p.Decide(&c, r); got != d.Outcome {
			t.Fatalf("Decide says %s, Evaluate %s", got, d.Outcome)
		}
		for _, m := range d.Matched {
			if m.Effect == Deny && d.Outcome != ExplicitDeny || m.Statement >= len(document.Statements) {
				t.Errorf("%+v in %+v", m, d)
			}
		}
		if (len(d.Matched) == 0) != (d.Outcome == ImplicitDeny) {
			t.Errorf("%+v", d)
		}
		for _, v := range d.Variables {
			if plainVariables[strings.ToLower(v.Name)] == 0 && v.Reason == "" {
				return // the reference knows no attributes and no certificates
			}
		}
		if want, ok := referenceOutcome(document, &c, r); ok && want != d.Outcome {
			t.Errorf("%s, want %s", d.Outcome, want)
		}
	})
}

// The linter finds the same each time, and nothing outside of the document.
func FuzzLint(f *testing.F) {
	var file struct{ Policies map[string]json.RawMessage }
	readVectors(f, "lint.json", &file)
	for _, text := range file.Policies {
		f.Add(string(text), "t1", "t1", "common name", true)
	}
	f.Fuzz(func(t *testing.T, text, clientID, thing, commonName string, complete bool) {
		document, err := Parse(text)
		if err != nil {
			return
		}
		device := Connection{ClientID: clientID, Certificate: &Certificate{}, Things: []Thing{{Name: thing}}, Will: commonName}
		device.Certificate.Subject[CommonName] = []string{commonName}
		context := Context{
			Complete: complete, Transport: MQTT, Target: Target{"aws", "us-east-1", "123456789012"},
			Devices: func(yield func(*Connection) bool) { _ = yield(&device) && yield(&Connection{ClientID: clientID + "x"}) },
		}
		found := Lint([]*Document{document}, context)
		for _, one := range found {
			if severities[one.Rule] == "" || one.Severity == "" || one.Document > 0 || one.Statement >= len(document.Statements) || one.Devices > 2 {
				t.Errorf("%+v", one)
			}
		}
		if again := Lint([]*Document{document}, context); !reflect.DeepEqual(again, found) {
			t.Errorf("%+v, then %+v", found, again)
		}
	})
}
