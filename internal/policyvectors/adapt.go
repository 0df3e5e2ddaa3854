package policyvectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/policy"
)

// The vectors are about an account and a thing of their own.
const (
	vectorTarget = "arn:aws:iot:us-east-1:123456789012:"
	vectorThing  = "t1"
)

// adaptDocuments sets the statements of a unit, whose documents apply to the account that is asked.
func (p *planner) adaptDocuments(u *unit, names []string, level string) error {
	for i, name := range names {
		var document struct {
			Version   string
			Statement json.RawMessage
		}
		if err := json.Unmarshal(p.decisions.Policies[name], &document); err != nil {
			return fmt.Errorf("policy %q: %w", name, err)
		}
		statements := []map[string]any{{}}
		if json.Unmarshal(document.Statement, &statements) != nil {
			if err := json.Unmarshal(document.Statement, &statements[0]); err != nil {
				return fmt.Errorf("policy %q: %w", name, err)
			}
		}
		if u.alone = u.alone || i > 0 && document.Version != u.version; i == 0 {
			u.version = document.Version
		}
		parsed, err := policy.Parse(string(p.decisions.Policies[name]))
		if err != nil {
			return fmt.Errorf("policy %q: %w", name, err)
		}
		// AWS may refuse a document with a warning, and it should refuse no others with it.
		u.alone = u.alone || len(parsed.Warnings) > 0
		for _, s := range parsed.Statements {
			u.judge(&s)
		}
		for _, s := range statements {
			u.statements = append(u.statements, json.RawMessage(encode(p.adaptValue(s, level))))
		}
	}
	return nil
}

// judge notes whether a statement could match requests about other documents.
func (u *unit) judge(s *policy.Statement) {
	u.alone = u.alone || s.NotAction || s.NotResource
	for _, r := range s.Resources {
		_, name := cutResource(r.Text)
		switch {
		case strings.HasPrefix(name, "client/"):
			u.clients = true
		case !hasLevels(name):
			u.alone = true
		}
	}
	for _, c := range s.Conditions {
		u.alone = u.alone || !knownOperator(c.Operator)
	}
}

// knownOperator reports whether AWS IoT's own texts have an operator. AWS may refuse a document with another one.
func knownOperator(operator string) bool {
	return slices.Contains([]string{
		"Bool", "StringEquals", "StringNotEquals", "StringLike", "ArnEquals", "IpAddress", "DateGreaterThan", "DateLessThan", "NumericEquals",
		"NumericGreaterThan",
	}, operator)
}

// hasLevels reports whether the resource is a topic or filter that can get a level in front. Reserved
// topics cannot.
func hasLevels(name string) bool {
	for _, kind := range []string{"topic/", "topicfilter/"} {
		if topic, ok := strings.CutPrefix(name, kind); ok {
			return !strings.HasPrefix(topic, "$") || strings.HasPrefix(topic, "${")
		}
	}
	return false
}

// cutResource splits an ARN before its resource, such as topic/a.
func cutResource(arn string) (before, name string) {
	if !strings.HasPrefix(arn, "arn:") {
		return "", arn
	}
	const colons = 5
	at := 0
	for range colons {
		i := strings.IndexByte(arn[at:], ':')
		if i < 0 {
			return "", arn
		}
		at += i + 1
	}
	return arn[:at], arn[at:]
}

// adaptValue adapts all texts in a part of a document.
func (p *planner) adaptValue(value any, level string) any {
	switch value := value.(type) {
	case string:
		return p.adaptText(value, level)
	case []any:
		for i := range value {
			value[i] = p.adaptValue(value[i], level)
		}
	case map[string]any:
		for key := range value {
			value[key] = p.adaptValue(value[key], level)
		}
	}
	return value
}

// adaptText puts the account, the thing and a level into a resource or value.
func (p *planner) adaptText(text, level string) string {
	partition := p.target.Partition
	if partition == "" {
		partition = "aws"
	}
	if after, ok := strings.CutPrefix(text, vectorTarget); ok {
		text = "arn:" + partition + ":iot:" + p.target.Region + ":" + p.target.Account + ":" + after
	}
	text = replaceWord(text, vectorThing, p.principal.Thing())
	before, name := cutResource(text)
	if hasLevels(name) {
		kind, topic, _ := strings.Cut(name, "/")
		name = kind + "/" + level + "/" + topic
	}
	return before + name
}

// replaceWord replaces a name where it is not part of a longer one.
func replaceWord(text, word, with string) string {
	isName := func(c byte) bool {
		return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	var b strings.Builder
	for at := 0; at < len(text); {
		end := at + len(word)
		if strings.HasPrefix(text[at:], word) && (at == 0 || !isName(text[at-1])) && (end == len(text) || !isName(text[end])) {
			b.WriteString(with)
			at = end
			continue
		}
		b.WriteByte(text[at])
		at++
	}
	return b.String()
}

// adaptRequest returns a request and its connection as AWS is asked.
func (p *planner) adaptRequest(v *Decision, level string) unitRequest {
	c := policy.Connection{
		Target: p.target, ClientID: replaceWord(v.Connection.ClientID, vectorThing, p.principal.Thing()), Certificate: p.certificate,
		Things: []policy.Thing{{Name: p.principal.Thing(), Attributes: p.principal.Attributes()}}, Time: p.now,
	}
	if len(v.Connection.Things) == 0 {
		// A connection that belongs to no thing has another client ID than the name of the thing.
		c.ClientID = v.Connection.ClientID
	} else {
		c.Things[0].Exclusive = v.Connection.Things[0].Exclusive
	}
	r := v.Request
	switch {
	case r.Resource == "":
		r.Resource = "client/" + c.ClientID
	case len(v.Connection.Things) == 0 && strings.HasPrefix(r.Resource, "client/"):
	default:
		r.Resource = p.adaptText(r.Resource, level)
	}
	return unitRequest{Asked{Request: r}, c}
}

// encode returns JSON without escapes for HTML.
func encode(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "" // documents that were read from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}
