package provisioning

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `{
	"Parameters": {"Name": {"Type": "String"}, "Site": {"Type": "String", "Default": "graz"}},
	"Mappings": {"Sites": {"graz": {"code": "A-8010"}}},
	"Resources": {
		"p": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "factory"}},
		"t": {"Type": "AWS::IoT::Thing", "OverrideSettings": {"ThingTypeName": "REPLACE"}, "Properties": {
			"ThingName": {"Fn::Join": ["-", ["lamp", {"Ref": "Name"}]]},
			"ThingTypeName": {"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]},
			"ThingGroups": ["all", {"Fn::Sub": "site-${Site}"}],
			"AttributePayload": {"code": {"Fn::FindInMap": ["Sites", {"Ref": "Site"}, "code"]}, "n": 7,
				"s": {"Fn::Sub": ["${x}", {"x": {"Ref": "Name"}}]}}
		}},
		"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateSigningRequest": {"Ref": "Name"}}}
	}
}`

func TestFunctionsAreReplaced(t *testing.T) {
	t.Parallel()
	template, err := Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	all, err := template.Expand(map[string]string{"Name": "1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 || all[0].Type != Certificate || all[1].Type != Thing || all[2].Type != Policy {
		t.Fatalf("resources %+v", all)
	}
	thing := all[1]
	name, err := thing.Text("ThingName")
	kind, err2 := thing.Text("ThingTypeName")
	groups, err3 := thing.List("ThingGroups")
	attributes, err4 := thing.Map("AttributePayload")
	for _, err := range []error{err, err2, err3, err4} {
		if err != nil {
			t.Error(err)
		}
	}
	if name != "lamp-1" || kind != "b" || thing.Overrides["ThingTypeName"] != "REPLACE" {
		t.Errorf("name %q, type %q, overrides %v", name, kind, thing.Overrides)
	}
	if diff := cmp.Diff([]string{"all", "site-graz"}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"code": "A-8010", "n": "7", "s": "1"}, attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func TestWrongTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	thing := func(name string) string {
		return `{"Parameters":{"P":{"Type":"String"}},"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":` + name + `}}}}`
	}
	for template, want := range map[string]string{
		`template_b0dy`:    "invalid template",
		`{"Resources":{}}`: "no Resources",
		`{"Resources":{"x":{"Type":"AWS::S3::Bucket"}}}`:                                "unknown type",
		`{"Resources":{"a":{"Type":"AWS::IoT::Thing"},"b":{"Type":"AWS::IoT::Thing"}}}`: "more than one",
		thing(`{"Ref":"P"}`):                         "parameter P has no value",
		thing(`{"Fn::Sub":"${Q}"}`):                  "parameter Q has no value",
		thing(`{"Fn::Sub":"${P"}`):                   "not closed",
		thing(`{"Fn::Select":["2",["a"]]}`):          `no element "2"`,
		thing(`{"Fn::Join":"x"}`):                    "list of arguments",
		thing(`{"Fn::Base64":["a","b"]}`):            "unknown function",
		thing(`{"Fn::FindInMap":["a","b","c"]}`):     "no value for b and c",
		thing(`{"Fn::Split":["",{"Ref":"AWS::X"}]}`): "AWS::X",
	} {
		parsed, err := Parse(template)
		if err == nil {
			_, err = parsed.Expand(nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", template, err, want)
		}
	}
}

func TestShortTemplateCannotFillTheMemory(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(",", 400_000)
	for name, property := range map[string]string{
		"references": `{"Fn::Join":["",[` + strings.Repeat(`{"Ref":"P"},`, 100) + `{"Ref":"P"}]]}`,
		"separators": `{"Fn::Join":[{"Ref":"P"},{"Fn::Split":[",","` + many + `"]}]}`,
		"own values": `{"Fn::Sub":["` + strings.Repeat("${x}", 100_000) + `",{"x":{"Ref":"P"}}]}`,
		"empty values": `[` + strings.Repeat(`{"Fn::FindInMap":["","","list"]},`, 1000) +
			`[` + strings.Repeat("[],", 2000) + `[]]]`,
	} {
		template, err := Parse(`{"Parameters":{"P":{"Type":"String"}},"Mappings":{"":{"":{"list":[` + strings.Repeat("[],", 2000) + `[]]}}},` +
			`"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":` + property + `}}}}`)
		if err != nil {
			t.Fatal(err)
		}
		_, err = template.Expand(map[string]string{"P": strings.Repeat("x", 500_000)})
		if err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A stack overflow would end the whole sandbox.
func TestMappingCannotContainItself(t *testing.T) {
	t.Parallel()
	const itself = `{"Fn::FindInMap":["","",""]}`
	template, err := Parse(`{"Mappings":{"":{"":{"":[` + itself + `,` + itself + `]}}},` +
		`"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":` + itself + `}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Expand(nil); err == nil || !strings.Contains(err.Error(), "in a mapping") {
		t.Errorf("error %v", err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(sample, "1")
	f.Add(`{"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Sub":["${a}${Name}",{"a":"b"}]}}}}}`, "")
	f.Fuzz(func(t *testing.T, text, value string) {
		template, err := Parse(text)
		if err != nil {
			return
		}
		values := map[string]string{}
		if _, has := template.Parameters["Name"]; has {
			values["Name"] = value
		}
		all, err := template.Expand(values)
		if err != nil {
			return
		}
		for _, r := range all {
			for property := range r.properties {
				_, _ = r.Text(property)
				_, _ = r.List(property)
				_, _ = r.Map(property)
			}
		}
	})
}
