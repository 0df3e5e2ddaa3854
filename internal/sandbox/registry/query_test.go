package registry

import (
	"errors"
	"strings"
	"testing"
)

// lamp has the fields of a thing.
func lamp(name string) []string {
	all := map[string][]string{
		"thingName": {"lamp-1"}, "thingGroupNames": {"plant", "line 7"}, "attributes.watt": {"9"}, "attributes.mac": {"02:00"},
		"attributes.a(b": {`x"y`},
	}
	if name != "" {
		return all[name]
	}
	var values []string
	for _, v := range all {
		values = append(values, v...)
	}
	return values
}

func TestQueriesMatchAsDocumented(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"*":                                true,
		"lamp-1":                           true,
		"lamp":                             false,
		"lamp*":                            true,
		"thingName:lamp-?":                 true,
		"thingName:lamp-1?":                false,
		"thingName:*":                      true,
		"thingTypeName:*":                  false,
		"thingName:l*p*1":                  true,
		"thingName:l*p*2":                  false,
		`thingName:lamp\-1`:                true,
		`attributes.a\(b:*`:                true,
		`attributes.mac:02\:00`:            true,
		"attributes.mac:02:00":             true,
		`"line 7"`:                         true,
		`thingGroupNames:"line 7"`:         true,
		`thingGroupNames:"line"`:           false,
		"thingGroupNames:(plant OR none)":  true,
		"thingGroupNames:(none AND plant)": false,
		"attributes.watt>8":                true,
		"attributes.watt>9":                false,
		"attributes.watt>=9":               true,
		"attributes.watt<10":               true,
		"attributes.watt:<=8":              false,
		"attributes.watt:[8 TO 9]":         true,
		"attributes.watt:[8 TO 9}":         false,
		"attributes.watt:{9 TO *]":         false,
		"attributes.watt:[* TO *]":         true,
		"thingName:[lamp-0 TO lamp-2]":     true,
		"lamp-1 plant":                     true,
		"lamp-1 none":                      false,
		"lamp-1 AND NOT none":              true,
		"NOT NOT lamp-1":                   true,
		"-none":                            true,
		"none OR lamp-1 AND plant":         true,
		"none AND plant OR lamp-1":         true,
		"none AND (plant OR lamp-1)":       false,
		"(lamp-1)(plant)":                  true,
		"other.field:1":                    false,
	} {
		q, err := parseQuery(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := q(lamp); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestWrongQueriesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "AND", "a AND", "OR a", "a OR OR b", "NOT", "-", "(a", "a)", "()", "thingName:", ":a", "thingName:()", "a:*b", "?a",
		`"open`, "a:[1 2]", "a:[1 TO ]", "a:[1 TO 2", "a>", ">1", strings.Repeat("a ", 600),
	} {
		var refusal *APIError
		if _, err := parseQuery(text); !errors.As(err, &refusal) || refusal.Code != "InvalidQueryException" || refusal.Status != 400 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A query never panics, and its negation matches what it does not match.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{`a:(b OR -"c\"d") [1 TO 2}`, "attributes.watt:{8 TO *] lamp*?1", `\`, `a:\*b\`, "x:<=<3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseQuery(text)
		if err != nil {
			return
		}
		matches := q(lamp)
		if not, err := parseQuery("NOT (" + text + ")"); err == nil && not(lamp) == matches {
			t.Errorf("%q and its negation: %v", text, matches)
		}
	})
}
