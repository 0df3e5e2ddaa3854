package model

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestEveryPatternCompiles(t *testing.T) {
	t.Parallel()
	if err := IoT().CheckPatterns(); err != nil {
		t.Error(err)
	}
	n := 0
	for _, s := range IoT().Shapes {
		if s.matches != nil {
			s.matches([]byte("a")) // panics if the pattern cannot be used
			n++
		}
	}
	if n < 30 {
		t.Errorf("the table has %d patterns", n)
	}
}

// An InvalidRequestException is the answer to a violated constraint of any operation.
func TestEveryOperationHasAnErrorForViolations(t *testing.T) {
	t.Parallel()
	for name, o := range IoT().Operations {
		if !slices.Contains(o.Errors, "InvalidRequestException") {
			t.Errorf("%s has no InvalidRequestException", name)
		}
	}
	if got := IoT().Shapes["InvalidRequestException"].Status; got != http.StatusBadRequest {
		t.Errorf("InvalidRequestException has status %d", got)
	}
}

func TestJavaPatternsAreTranslated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{`[\p{Graph}\x20]*`, []string{"", "a b!"}, []string{"é", "a\n"}},
		{`[^\p{Cntrl}]*`, []string{"é", "a b"}, []string{"\n"}},
		{`\p{Upper}+`, []string{"AB"}, []string{"ab", "p"}},
		{`\P{Digit}`, []string{"x"}, []string{"1"}},
		{`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, []string{"größe 1", "a-b"}, []string{"a*", "a\n"}},
		{`[a-z]++`, []string{"ab"}, []string{"", "a+"}},
		{`a?+b*+c{1,2}+`, []string{"abc", "cc"}, []string{"ccc", "a"}},
		{`a+?`, []string{"aa"}, []string{"b"}},
		{`[*+]`, []string{"*", "+"}, []string{"a"}},
		{`[++]`, []string{"+"}, []string{"++"}},
		{`\++`, []string{"++"}, []string{"a"}},
		{`[A-Za-z0-9+/]+={0,2}`, []string{"AA=="}, []string{"=", "A===", "A\n"}},
		{`p0|p1`, []string{"p0", "p1"}, []string{"p0|p1", "xp1"}},
		{`[\s\S]*`, []string{"", "\n\x00é"}, nil},
	} {
		matches := matcher(c.pattern)
		for _, s := range c.yes {
			if !matches([]byte(s)) {
				t.Errorf("%s does not match %q", c.pattern, s)
			}
		}
		for _, s := range c.no {
			if matches([]byte(s)) {
				t.Errorf("%s matches %q", c.pattern, s)
			}
		}
	}
	for _, bad := range []string{`[a[b]]`, `[a&&b]`, `(?<=a)b`, `(a`} {
		if _, err := compilePattern(bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestViolationsAreWordedAsByAWS(t *testing.T) {
	t.Parallel()
	const all = "1 validation error detected: Value "
	for name, c := range map[string]struct {
		operation string
		request   Request
		want      string
	}{
		"pattern": {
			"CreateThing",
			Request{Labels: []string{"a b"}},
			all + `'a b' at 'thingName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+`,
		},
		"two constraints": {
			"DescribeThing",
			Request{Labels: []string{""}},
			"2 validation errors detected: Value '' at 'thingName' failed to satisfy constraint: Member must have length greater than or " +
				"equal to 1; Value '' at 'thingName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+",
		},
		"missing": {
			"RegisterCertificateWithoutCA",
			Request{Body: []byte(`{"certificatePem":null}`)},
			all + `null at 'certificatePem' failed to satisfy constraint: Member must not be null`,
		},
		"case": {
			"RegisterCertificateWithoutCA",
			Request{Body: []byte(`{"CertificatePem":"x"}`)},
			all + `null at 'certificatePem' failed to satisfy constraint: Member must not be null`,
		},
		"enumeration": {
			"RegisterCertificateWithoutCA",
			Request{Body: []byte(`{"certificatePem":"x","status":"Active"}`)},
			all + `'Active' at 'status' failed to satisfy constraint: Member must satisfy enum value set: ` +
				`[ACTIVE, INACTIVE, REVOKED, PENDING_TRANSFER, REGISTER_INACTIVE, PENDING_ACTIVATION]`,
		},
		"range": {
			"ListThings",
			Request{Query: url.Values{"maxResults": {"251"}}},
			all + `'251' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 250`,
		},
		"empty parameter": {
			"ListThingTypes",
			Request{Query: url.Values{"thingTypeName": {""}}},
			"2 validation errors detected: Value '' at 'thingTypeName' failed to satisfy constraint: Member must have length greater than or " +
				"equal to 1; Value '' at 'thingTypeName' failed to satisfy constraint: Member must satisfy regular expression pattern: " +
				"[a-zA-Z0-9:_-]+",
		},
		"map key": {
			"CreateThing",
			Request{Labels: []string{"x"}, Body: []byte(`{"attributePayload":{"attributes":{"b c":"d","a":"b"}}}`)},
			all + `'{a=b, b c=d}' at 'attributePayload.attributes' failed to satisfy constraint: Map keys must satisfy constraint: ` +
				`[Member must have length less than or equal to 128, Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#-]+]`,
		},
		"map value": {
			"CreateThing",
			Request{Labels: []string{"x"}, Body: []byte(`{"attributePayload":{"attributes":{"a":"b c"}}}`)},
			all + `'{a=b c}' at 'attributePayload.attributes' failed to satisfy constraint: Map value must satisfy constraint: ` +
				`[Member must have length less than or equal to 800, Member must satisfy regular expression pattern: ` +
				`[a-zA-Z0-9_.,@/:#=\[\]-]*]`,
		},
		"list element": {
			"UpdateThingGroupsForThing",
			Request{Body: []byte(`{"thingGroupsToAdd":["a","b c"]}`)},
			all + `'[a, b c]' at 'thingGroupsToAdd' failed to satisfy constraint: Member must satisfy constraint: ` +
				`[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, ` +
				`Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+]`,
		},
		"tag": {
			"CreateThingGroup",
			Request{Labels: []string{"g"}, Body: []byte(`{"tags":[{"Key":"a"},{"Value":"b"}]}`)},
			all + `null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := IoT().Operations[c.operation].Validate(c.request)
			var violated *ConstraintError
			if !errors.As(err, &violated) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestUnreadableRequestsAreMalformed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"null", "[]", `"x"`, "{", `{"attributePayload"`, `{"attributePayload":`, `{"attributePayload":1}`,
		`{"attributePayload":{"merge":"true"}}`,
		`{"attributePayload":{"attributes":{"a":1}}}`, `{"thingTypeName":"a"`, `{"thingTypeName":"a",}`, `{"thingTypeName":"a"}x`,
		`{"unknown":{"a":[}`, `{"unknown":"a`, `{"thingTypeName":"\q"}`,
	} {
		err := IoT().Operations["CreateThing"].Validate(Request{Labels: []string{"x"}, Body: []byte(body)})
		var malformed *MalformedError
		if !errors.As(err, &malformed) {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, query := range []string{"maxResults=x", "maxResults=", "maxResults=1.5", "maxResults=3000000000", "usePrefixAttributeValue=yes"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		err = IoT().Operations["ListThings"].Validate(Request{Query: values})
		var malformed *MalformedError
		if !errors.As(err, &malformed) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// AWS ignores members that it does not know, among them those of the model in another case.
func TestUnknownMembersAreRenamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"thingTypeName":"a"}`:                                 `{"thingTypeName":"a"}`,
		`{"ThingTypeName":"a b", "x":[{"y":"]}"},2,null]}`:      `{"-------------":"a b", "-":[{"y":"]}"},2,null]}`,
		`{"":1,"\"":{},"\u0054hingTypeName":"x"}`:               `{"":1,"--":{},"------------------":"x"}`,
		`{"thingName":"in the path"}`:                           `{"---------":"in the path"}`,
		`{"attributePayload":{"Merge":true,"attributes":null}}`: `{"attributePayload":{"-----":true,"attributes":null}}`,
		`{"\u0074hingTypeName":"a"}`:                            `{"\u0074hingTypeName":"a"}`,
	} {
		got := []byte(body)
		if err := IoT().Operations["CreateThing"].Validate(Request{Labels: []string{"x"}, Body: got}); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
}

func TestBadTableIsRefused(t *testing.T) {
	t.Parallel()
	for table, want := range map[string]string{
		"A":                      "has no type",
		"A structure\n  m B":     "B is not defined",
		"A string\nA string":     "defined twice",
		"  m B":                  "not part of a structure",
		"A string 1":             "not a constraint",
		"A string 1..x":          "invalid syntax",
		"A operation GET / B":    "3 fields",
		"A structure\n  m B ! x": "not understood",
		"A operation GET / B - E\nB structure\n  m C body n\nC string": "not supported",
	} {
		if _, err := Parse(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", table, err, want)
		}
	}
}

func FuzzValidate(f *testing.F) {
	f.Add("CreateThing", `{"attributePayload":{"attributes":{"a":null}}}`)
	f.Add("TagResource", `{"resourceArn":"a","tags":[{"Key":"a","Value":"b"},null]}`)
	f.Add("UpdateIndexingConfiguration", `{"thingIndexingConfiguration":{"customFields":[{"name":"\u00e9","type":"Number"}]}}`)
	f.Add("GetPercentiles", `{"queryString":"*","percents":[1,1e3]}`)
	f.Fuzz(func(t *testing.T, operation, body string) {
		o := IoT().Operations[operation]
		if o == nil {
			return
		}
		changed := []byte(body)
		first := o.Validate(Request{Body: changed})
		if first != nil && len(first.Error()) > 20_000 {
			t.Errorf("a message of %d bytes", len(first.Error()))
		}
		second := o.Validate(Request{Body: changed}) // finds only renamed members, which mean nothing
		if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
			t.Errorf("first %v, then %v", first, second)
		}
	})
}
