package policy

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// decisionVectors is testdata/vectors/evaluate.json.
type decisionVectors struct {
	Policies map[string]json.RawMessage
	Vectors  []decisionVector
}

type decisionVector struct {
	Name, Source, Clause string
	Hostile              bool
	Policies             []string
	Connection           connectionVector
	Request              struct{ Action, Resource string }
	Outcome              Outcome
	Matched              [][2]int
	Variables            map[string]struct {
		Value  string
		Reason Reason
	}
	Open []Question
}

// connectionVector is a connection as it is written in vectors.
type connectionVector struct {
	Partition, Region, Account string
	ClientID                   string
	Things                     []Thing
	OtherThing                 bool
	Certificate                *struct {
		ID, SerialNumber    string
		Subject, Issuer     map[string][]string
		NotBefore, NotAfter time.Time
		ROCA                bool
	}
	Transport  Transport
	SourceIP   netip.Addr
	DomainName string
	Will       string
	Persistent bool
	Time       time.Time
}

func (v *connectionVector) connection(t testing.TB) Connection {
	c := Connection{
		Target: Target{v.Partition, v.Region, v.Account}, ClientID: v.ClientID, Things: v.Things, OtherThing: v.OtherThing,
		Transport: v.Transport, SourceIP: v.SourceIP, DomainName: v.DomainName, Will: v.Will, Persistent: v.Persistent, Time: v.Time,
	}
	if v.Certificate != nil {
		c.Certificate = &Certificate{
			ID: v.Certificate.ID, SerialNumber: v.Certificate.SerialNumber, NotBefore: v.Certificate.NotBefore,
			NotAfter: v.Certificate.NotAfter, ROCA: v.Certificate.ROCA,
		}
		fillName(t, &c.Certificate.Subject, v.Certificate.Subject)
		fillName(t, &c.Certificate.Issuer, v.Certificate.Issuer)
	}
	return c
}

func fillName(t testing.TB, name *Name, fields map[string][]string) {
	t.Helper()
	for field, values := range fields {
		f, ok := FieldNamed(field)
		if !ok {
			t.Fatalf("field %s is unknown", field)
		}
		name[f] = values
	}
}

func readVectors(t testing.TB, name string, to any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, to); err != nil {
		t.Fatal(err)
	}
}

// documents parses the policies of a vector.
func documents(t testing.TB, policies map[string]json.RawMessage, names []string) (all []*Document) {
	t.Helper()
	for _, name := range names {
		text, ok := policies[name]
		if !ok {
			t.Fatalf("policy %q is not in the file", name)
		}
		document, err := Parse(string(text))
		if err != nil {
			t.Fatalf("policy %q: %v", name, err)
		}
		all = append(all, document)
	}
	return all
}

func TestVectorsAreDecided(t *testing.T) {
	t.Parallel()
	var file decisionVectors
	readVectors(t, "evaluate.json", &file)
	names := map[string]bool{}
	for _, v := range file.Vectors {
		if v.Source == "" || v.Clause == "" || names[v.Name] {
			t.Errorf("%s: the source, the clause or a name of its own is missing", v.Name)
		}
		names[v.Name] = true
		policies := Compile(documents(t, file.Policies, v.Policies)...)
		c, r := v.Connection.connection(t), Request{v.Request.Action, v.Request.Resource}
		d := policies.Evaluate(&c, r)
		if d.Outcome != v.Outcome {
			t.Errorf("%s: %s, want %s", v.Name, d.Outcome, v.Outcome)
		}
		if outcome := policies.Decide(&c, r); outcome != d.Outcome {
			t.Errorf("%s: Decide says %s, Evaluate %s", v.Name, outcome, d.Outcome)
		}
		if !slices.Equal(d.Open, v.Open) {
			t.Errorf("%s: open are %q, want %q", v.Name, d.Open, v.Open)
		}
		var matched [][2]int
		for _, m := range d.Matched {
			matched = append(matched, [2]int{m.Document, m.Statement})
		}
		if v.Matched != nil && !slices.Equal(matched, v.Matched) {
			t.Errorf("%s: matched are %v, want %v", v.Name, matched, v.Matched)
		}
		for name, want := range v.Variables {
			if !slices.Contains(d.Variables, Variable{name, want.Value, want.Reason}) {
				t.Errorf("%s: variables are %+v, want %s %+v", v.Name, d.Variables, name, want)
			}
		}
	}
}

// Every clause of the rules has a vector that keeps to it and one that attacks it.
func TestEveryClauseHasGoodAndHostileVectors(t *testing.T) {
	t.Parallel()
	var file decisionVectors
	readVectors(t, "evaluate.json", &file)
	good, hostile := map[string]bool{}, map[string]bool{}
	for _, v := range file.Vectors {
		if v.Hostile {
			hostile[v.Clause] = true
		} else {
			good[v.Clause] = true
		}
	}
	for _, clause := range clauses {
		if !good[clause] || !hostile[clause] {
			t.Errorf("%s: good %v, hostile %v", clause, good[clause], hostile[clause])
		}
		delete(good, clause)
		delete(hostile, clause)
	}
	if len(good)+len(hostile) > 0 {
		t.Errorf("clauses that the test does not know: %v %v", good, hostile)
	}
	if least := 250; len(file.Vectors) < least {
		t.Errorf("%d vectors, want at least %d", len(file.Vectors), least)
	}
	for _, q := range []Question{
		QuestionUnresolvedDeny, QuestionUnresolvedNot, QuestionClientIDWildcard, QuestionConnectFeatures, QuestionNotAction,
		QuestionActionCase, QuestionActionWildcard, QuestionJobPrefix, QuestionOldVersion, QuestionOtherThing, QuestionKey,
		QuestionPlainOperator, QuestionSpecialKey, QuestionSerialNumber,
	} {
		if !slices.ContainsFunc(file.Vectors, func(v decisionVector) bool { return slices.Contains(v.Open, q) }) {
			t.Errorf("no vector asks %s", q)
		}
	}
}

// clauses are the rules: grammar, actions, decision, matching, variables, association, groups and
// conditions.
var clauses = strings.Fields(`
	2-string-or-list 2-not-resource 2-not-action 2-version 2-unknown-action 2-variables-in-action
	3-connect 3-publish 3-retain 3-subscribe 3-receive 3-http 3-jobs 3-role-alias
	4-allow 4-implicit-deny 4-explicit-deny
	5-star 5-question 5-mqtt-wildcards 5-deny-branch 5-escapes 5-arn 5-case 5-slash 5-share
	6-client-id 6-client-wildcard 6-source-ip 6-domain 6-case 6-thing-name 6-thing-type 6-attributes 6-attached 6-certificate-id
	6-fields 6-index 6-list 6-alternative 6-serial 6-available-keys 6-special 6-length 6-five 6-missing 6-no-thing 6-http
	6-deny-unresolved 6-backslash
	7-name 7-not-attached 7-exclusive 7-not-exclusive 7-exclusive-other
	8-groups
	10-table 10-operators 10-set 10-absent 10-ifexists 10-null 10-keys
	13-1`)
