package policy

import (
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

// vectors are the documents of parse.json with the codes that they have.
func vectors(t testing.TB) (all []struct {
	Document string
	Error    struct{ Code Code }
	Warnings []struct{ Code Code }
},
) {
	t.Helper()
	readVectors(t, "parse.json", &all)
	return all
}

func readVectors(t testing.TB, name string, to any) {
	t.Helper()
	content, err := fs.ReadFile(Vectors(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, to); err != nil {
		t.Fatal(err)
	}
}

func TestEveryCodeHasAVector(t *testing.T) {
	t.Parallel()
	met := map[Code]bool{}
	for _, v := range vectors(t) {
		met[v.Error.Code] = true
		for _, w := range v.Warnings {
			met[w.Code] = true
		}
	}
	for code := range codes {
		if !met[code] {
			t.Errorf("no vector has the code %s", code)
		}
	}
}

func TestEveryRuleHasASeverity(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		if severities[rule] == "" {
			t.Errorf("%s has no severity", rule)
		}
	}
	if len(Rules()) != len(severities) {
		t.Errorf("%d rules, %d severities", len(Rules()), len(severities))
	}
}

func TestDocumentHasWhatTheTextHas(t *testing.T) {
	t.Parallel()
	const text = `{"Version": "2012-10-17", "Id": "p", "Statement": [
 {"Sid": "a", "Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": "*",
  "Condition": {"ForAnyValue:StringLikeIfExists": {"k": ["a", 1]}, "Bool": {"b": true}}},
 {"Effect": "Deny", "NotAction": "iot:Receive", "NotResource": ["arn:aws:iot:us-east-1:123456789012:topic/a"]}]}`
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := &Document{
		Version: "2012-10-17", ID: "p", Size: len(strings.Join(strings.Fields(text), "")),
		Statements: []Statement{
			{
				Position: Position{2, 2}, SID: "a", Effect: Allow,
				Actions:   []Action{{Position{2, 45}, "iot:Connect"}, {Position{2, 60}, "iot:Publish"}},
				Resources: []Resource{{Position{2, 88}, "*"}},
				Conditions: []Condition{
					{Position: Position{3, 52}, Operator: "StringLike", Set: ForAnyValue, IfExists: true, Key: "k", Values: []string{"a", "1"}},
					{Position: Position{3, 77}, Operator: "Bool", Key: "b", Values: []string{"true"}},
				},
			},
			{
				Position: Position{4, 2}, Effect: Deny,
				Actions: []Action{{Position{4, 34}, "iot:Receive"}}, NotAction: true,
				Resources: []Resource{{Position{4, 65}, "arn:aws:iot:us-east-1:123456789012:topic/a"}}, NotResource: true,
			},
		},
		Warnings: []Problem{{Code: NotAction, Position: Position{4, 34}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestProblemsNamePlaceAndCause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\n\"Statement\": [],\n}": "line 2, column 16: a comma before a closing bracket",
		`{"Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"` + strings.Repeat("ä", 200) + `"}}`: "line 1, column 66: " +
			`a resource is neither an ARN nor *: "` + strings.Repeat("ä", 51) + `…"`,
		`{"Statement":{"Effect":"Allow","Action":"` + strings.Repeat("a", 3000) + `","Resource":"*"}}`: "the document has " +
			"3059 characters without white space; the limit is 2048",
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// AWS allows a call with 404,600 characters of policy. Positions of each of 100,000 actions would take minutes.
func TestLongDocumentIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":["a"` + strings.Repeat(`,"a"`, 400_000) + `]}}`,
		`{` + strings.Repeat(`"Id":"",`, 200_000) + `"Statement":[]}`,
	} {
		_, err := Parse(text)
		var refused *ParseError
		if !errors.As(err, &refused) || refused.Code != TooLong {
			t.Errorf("error %v", err)
		}
	}
}

func TestWildcardsMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true},
		{"a*", "abc", true},
		{"a*c", "abc", true},
		{"a*c", "abcd", false},
		{"*b*d", "abcd", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"", "a", false},
		{"a**", "a", true},
		{"*a*a*a*b", strings.Repeat("a", 50), false},
	} {
		if got := matchWildcards(c.pattern, c.text); got != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.text, got)
		}
	}
}

// A document is refused for its syntax exactly if it is not JSON, and never crashes the parser.
func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Document)
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, err := Parse(text)
		var problem *ParseError
		if err != nil && !errors.As(err, &problem) {
			t.Fatalf("%T", err)
		}
		syntax := problem != nil && (problem.Code == Syntax || problem.Code == TrailingComma)
		if syntax == json.Valid([]byte(text)) && strings.Count(text, "[")+strings.Count(text, "{") < maxDepth {
			t.Errorf("%q: %v", text, err)
		}
		if problem != nil && (problem.Line < 1 || problem.Column < 1 || problem.Error() == "") {
			t.Errorf("%q: %+v", text, problem)
		}
		if err == nil && (len(document.Statements) == 0 || document.Size > MaxSize) {
			t.Errorf("%q: %+v", text, document)
		}
	})
}
