package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/stack"
)

// bounded are the parameters of a stack that lets settings.json choose.
func bounded(t testing.TB) *stack.Parameters {
	t.Helper()
	p, err := stack.ParseParameters("IoTPolicies=sensors\nIoTThingGroups=fleet\nIoTThingType=sensor\nIoTThingAttributes=site=a\n" +
		"SettingsPolicies=gateways,b\\,c\nSettingsThingGroups=line-7\nSettingsThingTypes=gateway\nSettingsBillingGroups=hall-2\n")
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// told returns attachments as text.
func told(a device.Attachments) string {
	text := fmt.Sprint(a.Policies, a.ThingGroups, a.ThingType, " ", a.BillingGroup)
	for _, attribute := range a.Attributes {
		text += " " + attribute.Name + "=" + attribute.Value.String()
	}
	return text
}

func TestLongestPrefixDecidesAndTheOthersKeepTheParameters(t *testing.T) {
	t.Parallel()
	p := bounded(t)
	prefixes, err := stack.ParsePrefixes([]byte(`{"prefixes": {
		"line-7/": {"policies": ["gateways", "b,c"], "thing_groups": ["fleet", "line-7"], "thing_type": "gateway",
			"billing_group": "hall-2", "attributes": {"line": "7", "mac": "{mac}"}},
		"line-7/spares/": {"thing_type": "", "policies": []},
		"line-7": {"thing_type": "sensor"}}}`), p)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"line-7/reel.csv":         "line-7/: [gateways b,c] [fleet line-7] gateway hall-2 line=7 mac={mac}",
		"line-7/spares/reel.csv":  "line-7/spares/: [] [fleet]   site=a",
		"line-70/reel.csv":        "line-7: [sensors] [fleet] sensor  site=a",
		"reel.csv":                ": [sensors] [fleet] sensor  site=a",
		"other/line-7/reel.csv":   ": [sensors] [fleet] sensor  site=a",
		"Line-7/reel.csv":         ": [sensors] [fleet] sensor  site=a",
		"line-7/spares/../reel":   "line-7/spares/: [] [fleet]   site=a",
		"line-7/\u00e9\u0301.csv": "line-7/: [gateways b,c] [fleet line-7] gateway hall-2 line=7 mac={mac}",
	} {
		attachments, prefix, err := prefixes.Attachments(key, p.Attachments)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.SplitN(prefix+": "+told(attachments), "][", 2), "] [")
		got = strings.ReplaceAll(got, "]gateway", "] gateway")
		got = strings.ReplaceAll(got, "]sensor", "] sensor")
		if diff := cmp.Diff(strings.Fields(want), strings.Fields(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if told(p.Attachments) != told(bounded(t).Attachments) {
		t.Error("the parameters were changed")
	}
}

// Someone who can write the file must not be able to hand out more than the parameters allow, and
// a file that does not do what it seems to do must not be used.
func TestSettingsThatAreWrongOrNotAllowedAreRefused(t *testing.T) {
	t.Parallel()
	p := bounded(t)
	for file, want := range map[string]string{
		`{"prefixes": {"a/": {"policies": ["admin"]}}}`:                `"admin" is not in the stack's parameter SettingsPolicies`,
		`{"prefixes": {"a/": {"policies": ["Gateways"]}}}`:             "SettingsPolicies",
		`{"prefixes": {"a/": {"thing_groups": ["x"]}}}`:                "SettingsThingGroups",
		`{"prefixes": {"a/": {"thing_type": "x"}}}`:                    "SettingsThingTypes",
		`{"prefixes": {"a/": {"billing_group": "x"}}}`:                 "SettingsBillingGroups",
		`{"prefixes": {"a/": {"policies": [""]}}}`:                     "policies has an empty name",
		`{"prefixes": {"a/": {"policies": ["gateways", "gateways"]}}}`: `"gateways" twice`,
		`{"prefixes": {"a/": {"attributes": {"mac": "{nonsense}"}}}}`:  "attributes: mac",
		`{"prefixes": {"a/": {"attributes": {"": "x"}}}}`:              "attributes",
		`{"prefixes": {"": {"policies": []}}}`:                         "a prefix is empty",
		`{"prefixes": {"a/": {"policy": "gateways"}}}`:                 `"policy"`,
		`{"prefix": {}}`: `"prefix"`,
		`{"prefixes": {"a/": {}, "a/": {"policies": []}}}`:                  `"a/" is set twice`,
		`{"prefixes": {"a/": {"thing_type": "gateway", "thing_type": ""}}}`: `"thing_type" is set twice`,
		`{"prefixes": {}} {}`: "after the end",
		`{"prefixes": `:       "unexpected EOF",
		`[]`:                  "cannot unmarshal array",
		``:                    "EOF",
		`{"prefixes": {` + strings.TrimSuffix(prefixesOf(1001), ",") + `}}`: "the limit is 1000",
	} {
		if _, err := stack.ParsePrefixes([]byte(file), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", file, err, want)
		}
	}
}

func prefixesOf(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"%d/": {},`, i)
	}
	return text.String()
}

// What a file asks for stays within the bounds, whatever it looks like.
func FuzzParsePrefixes(f *testing.F) {
	f.Add([]byte(`{"prefixes": {"line-7/": {"policies": ["gateways"], "thing_type": "gateway", "attributes": {"a": "{mac}"}}}}`), "line-7/x")
	f.Add([]byte(`{"prefixes": {"a": {"thing_groups": null}}}`), "abc")
	f.Add([]byte(`{"prefixes": null}`), "")
	f.Fuzz(func(t *testing.T, file []byte, key string) {
		p := bounded(t)
		prefixes, err := stack.ParsePrefixes(file, p)
		if err != nil {
			return
		}
		a, prefix, err := prefixes.Attachments(key, p.Attachments)
		if err != nil || !strings.HasPrefix(key, prefix) {
			t.Fatalf("prefix %q, %v", prefix, err)
		}
		for _, policy := range a.Policies {
			if policy != "sensors" && policy != "gateways" && policy != "b,c" {
				t.Errorf("policy %q", policy)
			}
		}
		if a.ThingType != "" && a.ThingType != "sensor" && a.ThingType != "gateway" {
			t.Errorf("thing type %q", a.ThingType)
		}
	})
}
