package microchip

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/go-json-experiment/json/jsontext"
)

func TestEntryEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		at    int
		found boundary
	}{
		{`{},`, 2, boundaryFound},
		{`{"a":1}]`, 7, boundaryFound},
		{`{"a":[{"b":null},[],{}],"c":-1.5e+3}x`, 36, boundaryFound},
		{`{"a":"}\"{\\"}`, 14, boundaryFound},
		{`null,`, 4, boundaryFound},
		{`[1,[2]],`, 7, boundaryFound},
		{`{"payload":"ab"cd","x":1},`, 25, boundaryFound},     // a quote in a coded value
		{`{"payload":"abcd\","x":1},`, 25, boundaryFound},     // a backslash before its end
		{`{"signature":"abc"" }`, 21, boundaryFound},          // a quote as its last character
		{`{"x":{"payload":"a\"b","y":1}}`, 30, boundaryFound}, // not a coded value, because it is nested
		{`{"payload":"ab"`, 15, boundaryMore},
		{`{"payload":"ab" `, 16, boundaryMore},
		{`{"a":"\"`, 8, boundaryMore},
		{`{"a":12`, 7, boundaryMore},
		{`{`, 1, boundaryMore},
		{``, 0, boundaryMore},
		{`{"a" 1}`, 5, boundaryBroken},
		{`{"a":1 "b"}`, 7, boundaryBroken},
		{`{"a":1,}`, 7, boundaryBroken},
		{`{1:2}`, 1, boundaryBroken},
		{`{"a":]`, 5, boundaryBroken},
		{`{"a":[1}`, 7, boundaryBroken},
		{`{"a":[1,]`, 8, boundaryBroken},
		{`{"a":?}`, 5, boundaryBroken},
		{`{"a":[[[[`, 8, boundaryTooDeep},
		{`}`, 0, boundaryBroken},
		{`,`, 0, boundaryBroken},
	} {
		if at, found := entryEnd([]byte(test.text), 4); at != test.at || found != test.found {
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
		at, found := entryEnd(text, 8)
		if end > 0 && found == boundaryFound && at != end && !ambiguous(text) {
			t.Fatalf("%s: %d, want %d", text, at, end)
		}
		cut := rapid.IntRange(0, max(0, end-1)).Draw(t, "cut")
		if _, found := entryEnd(text[:cut], 8); found == boundaryFound {
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
