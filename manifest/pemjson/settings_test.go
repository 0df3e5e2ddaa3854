package pemjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/decodertest"
	"github.com/thingpress/thingpress/manifest"
)

// certificate returns the text of a member with a certificate.
func certificate(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	if err := material.Generate(t.Context(), material.Options{Vendor: vendor, N: 1, Seed: "settings", Out: &b}); err != nil {
		t.Fatal(err)
	}
	var entries []struct {
		PEM string `json:"certificatePem"`
	}
	if err := json.Unmarshal([]byte(b.String()), &entries); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(entries[0].PEM)
	if err != nil {
		t.Fatal(err)
	}
	return `"certificatePem":` + string(text)
}

// What an export says of a device must reach it, and what other JSON says must not: the status that aws iot
// describe-certificate prints is not an order.
func TestOnlyEntriesOfAnExportAskForSomething(t *testing.T) {
	t.Parallel()
	const members = `"policyNames":["a","b"],"thingGroupNames":["g"],"thingTypeName":"pump","billingGroupName":"bill","status":"INACTIVE",` +
		`"attributes":{"rev":"2","` + "empty" + `":""},"other":[{"policyNames":1}]`
	all := &manifest.Settings{
		Policies: []string{"a", "b"}, ThingGroups: []string{"g"}, ThingType: "pump", BillingGroup: "bill", Status: "INACTIVE",
		Attributes: map[string]string{"rev": "2", "empty": ""},
	}
	many := `["` + strings.Repeat(`p","`, maxNames) + `p"]`
	for _, test := range []struct {
		name, members string
		want          *manifest.Settings
		reason        manifest.Reason
	}{
		{name: "export", members: `"thingpressExport":1,` + members, want: all},
		{name: "mark at the end", members: members + `,"thingpressExport":1`, want: all},
		{name: "mark that is escaped", members: members + `,"\u0074hingpressExport":1`, want: all},
		{name: "no mark", members: members},
		{name: "mark inside", members: members + `,"x":{"thingpressExport":1}`},
		{name: "nothing", members: `"thingpressExport":1,"policyNames":[],"thingTypeName":null,"attributes":{}`, want: &manifest.Settings{
			Attributes: map[string]string{},
		}},
		{name: "later version", members: `"thingpressExport":2`, reason: manifest.ReasonMalformedEntry},
		{name: "mark that is not a number", members: `"thingpressExport":[1]`, reason: manifest.ReasonMalformedEntry},
		{name: "no array", members: `"thingpressExport":1,"policyNames":"a"`, reason: manifest.ReasonMalformedEntry},
		{name: "no text", members: `"thingpressExport":1,"thingGroupNames":["a",1]`, reason: manifest.ReasonMalformedEntry},
		{name: "no object", members: `"thingpressExport":1,"attributes":[]`, reason: manifest.ReasonMalformedEntry},
		{name: "attribute that is not text", members: `"thingpressExport":1,"attributes":{"a":1}`, reason: manifest.ReasonMalformedEntry},
		{name: "name that looks like a secret", members: `"thingpressExport":1,"thingName":"MT:1"`, reason: manifest.ReasonBadName},
		{name: "other case", members: `"thingpressExport":1,"PolicyNames":["a"]`, reason: manifest.ReasonDuplicateField},
		{name: "too many", members: `"thingpressExport":1,"policyNames":` + many, reason: manifest.ReasonBadSettings},
	} {
		text := "{" + test.members + "," + certificate(t) + "}\n"
		got := decodertest.Collect(t, Decoder{}, decodertest.Input([]byte(text)), manifest.Options{})
		if len(got.Entries) != 1 || got.Final != nil {
			t.Errorf("%s: %v, %v", test.name, got.Entries, got.Final)
			continue
		}
		if e := got.Entries[0]; e.Err != nil || test.reason != "" {
			if e.Err == nil || e.Err.Reason != test.reason {
				t.Errorf("%s: %v, want %s", test.name, e, test.reason)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got.Devices()[0].Settings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
