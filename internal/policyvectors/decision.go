package policyvectors

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"github.com/thingpress/thingpress/policy"
)

// Decisions are the vectors of evaluate.json. The README next to it describes the fields.
type Decisions struct {
	Policies map[string]json.RawMessage
	Vectors  []Decision
}

// A Decision is a request with its outcome.
type Decision struct {
	Name, Source, Clause string
	Hostile              bool
	Policies             []string
	Connection           Connection
	Request              policy.Request
	Outcome              policy.Outcome
	Matched              [][2]int
	Variables            map[string]struct {
		Value  string
		Reason policy.Reason
	}
	Open []policy.Question
}

// A Connection is a connection as it is written in vectors.
type Connection struct {
	Partition, Region, Account string
	ClientID                   string
	Things                     []policy.Thing
	OtherThing                 bool
	Certificate                *struct {
		ID, SerialNumber    string
		Subject, Issuer     map[string][]string
		NotBefore, NotAfter time.Time
		ROCA                bool
	}
	Transport  policy.Transport
	SourceIP   netip.Addr
	DomainName string
	Will       string
	Persistent bool
	Time       time.Time
}

// ReadDecisions returns the vectors of evaluate.json.
func ReadDecisions() (*Decisions, error) {
	var d Decisions
	return &d, readFile(evaluateFile, &d)
}

// The files of the vectors.
const evaluateFile, lintFile, parseFile = "evaluate.json", "lint.json", "parse.json"

func readFile(name string, to any) error {
	content, err := fs.ReadFile(policy.Vectors(), name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Connection returns the connection for package policy.
func (c *Connection) Connection() (policy.Connection, error) {
	connection := policy.Connection{
		Target: policy.Target{Partition: c.Partition, Region: c.Region, Account: c.Account}, ClientID: c.ClientID, Things: c.Things,
		OtherThing: c.OtherThing, Transport: c.Transport, SourceIP: c.SourceIP, DomainName: c.DomainName, Will: c.Will,
		Persistent: c.Persistent, Time: c.Time,
	}
	if c.Certificate == nil {
		return connection, nil
	}
	connection.Certificate = &policy.Certificate{
		ID: c.Certificate.ID, SerialNumber: c.Certificate.SerialNumber, NotBefore: c.Certificate.NotBefore,
		NotAfter: c.Certificate.NotAfter, ROCA: c.Certificate.ROCA,
	}
	for _, name := range []struct {
		to   *policy.Name
		from map[string][]string
	}{{&connection.Certificate.Subject, c.Certificate.Subject}, {&connection.Certificate.Issuer, c.Certificate.Issuer}} {
		for field, values := range name.from {
			f, ok := policy.FieldNamed(field)
			if !ok {
				return connection, fmt.Errorf("field %s is unknown", field)
			}
			name.to[f] = values
		}
	}
	return connection, nil
}

// parseAll parses policies by name.
func parseAll(policies map[string]json.RawMessage, names []string) (all []*policy.Document, _ error) {
	for _, name := range names {
		document, err := policy.Parse(string(policies[name]))
		if err != nil {
			return nil, fmt.Errorf("policy %q: %w", name, err)
		}
		all = append(all, document)
	}
	return all, nil
}

// Documents returns the effective documents of a vector.
func (d *Decisions) Documents(v *Decision) ([]*policy.Document, error) {
	return parseAll(d.Policies, v.Policies)
}

// Mismatch returns how the library decides otherwise than a vector says, or an empty string.
func (d *Decisions) Mismatch(v *Decision) (string, error) {
	documents, err := d.Documents(v)
	if err != nil {
		return "", err
	}
	c, err := v.Connection.Connection()
	if err != nil {
		return "", err
	}
	policies := policy.Compile(documents...)
	got := policies.Evaluate(&c, v.Request)
	var matched [][2]int
	for _, m := range got.Matched {
		matched = append(matched, [2]int{m.Document, m.Statement})
	}
	for name, want := range v.Variables {
		if !slices.Contains(got.Variables, policy.Variable{Name: name, Value: want.Value, Reason: want.Reason}) {
			return fmt.Sprintf("variables are %+v, want %s %+v", got.Variables, name, want), nil
		}
	}
	switch outcome := policies.Decide(&c, v.Request); {
	case got.Outcome != v.Outcome:
		return fmt.Sprintf("the outcome is %s, want %s", got.Outcome, v.Outcome), nil
	case outcome != got.Outcome:
		return fmt.Sprintf("Decide returns %s, and Evaluate %s", outcome, got.Outcome), nil
	case !slices.Equal(got.Open, v.Open):
		return fmt.Sprintf("open are %q, want %q", got.Open, v.Open), nil
	case v.Matched != nil && !slices.Equal(matched, v.Matched):
		return fmt.Sprintf("matched are %v, want %v", matched, v.Matched), nil
	}
	return "", nil
}
