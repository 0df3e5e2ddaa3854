package objects

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/go-json-experiment/json/jsontext"
)

var coded = []string{"payload", "protected", "signature"}

func TestEntryEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		at    int
		found Boundary
	}{
		{`{},`, 2, Found},
		{`{"a":1}]`, 7, Found},
		{`{"a":[{"b":null},[],{}],"c":-1.5e+3}x`, 36, Found},
		{`{"a":"}\"{\\"}`, 14, Found},
		{`null,`, 4, Found},
		{`[1,[2]],`, 7, Found},
		{`{"payload":"ab"cd","x":1},`, 25, Found},     // a quote in a coded value
		{`{"payload":"abcd\","x":1},`, 25, Found},     // a backslash before its end
		{`{"signature":"abc"" }`, 21, Found},          // a quote as its last character
		{`{"x":{"payload":"a\"b","y":1}}`, 30, Found}, // not a coded value, because it is nested
		{`{"payload":"ab"`, 15, More},
		{`{"payload":"ab" `, 16, More},
		{`{"a":"\"`, 8, More},
		{`{"a":12`, 7, More},
		{`{`, 1, More},
		{``, 0, More},
		{`{"a" 1}`, 5, Broken},
		{`{"a":1 "b"}`, 7, Broken},
		{`{"a":1,}`, 7, Broken},
		{`{1:2}`, 1, Broken},
		{`{"a":]`, 5, Broken},
		{`{"a":[1}`, 7, Broken},
		{`{"a":[1,]`, 8, Broken},
		{`{"a":?}`, 5, Broken},
		{`{"a":[[[[`, 8, TooDeep},
		{`}`, 0, Broken},
		{`,`, 0, Broken},
	} {
		if at, found := End([]byte(test.text), 4, coded); at != test.at || found != test.found {
			t.Errorf("%s: %d, %d; want %d, %d", test.text, at, found, test.at, test.found)
		}
	}
}

// Valid JSON must end where a JSON parser says it does, wherever the text is cut.
func TestEntryEndAgreesWithAJSONParser(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.StringMatching(
			`\{("(a|payload|\\\\|\\")":("[a-z{},:\[\]]*(\\"|\\\\)?"|[0-9]+|\[(1,)?\{\}\]|null),){0,3}"z":\{\}\}[,\]}]?`).Draw(t, "text"))
		end := len(text)
		for end > 0 && !jsontext.Value(text[:end]).IsValid(jsontext.AllowDuplicateNames(true)) {
			end--
		}
		at, found := End(text, 8, coded)
		if end > 0 && found == Found && at != end && !ambiguous(text) {
			t.Fatalf("%s: %d, want %d", text, at, end)
		}
		cut := rapid.IntRange(0, max(0, end-1)).Draw(t, "cut")
		if _, found := End(text[:cut], 8, coded); found == Found {
			t.Fatalf("%s: an entry ended before byte %d of %d", text, cut, end)
		}
	})
}

// ambiguous reports whether a coded value has an escaped quote, which base64url never has.
func ambiguous(text []byte) bool {
	for i := range text {
		if text[i] == '\\' {
			return true
		}
	}
	return false
}
