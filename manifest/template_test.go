package manifest_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// device returns a device whose certificate has the given CN, with every attribute.
func device(t testing.TB, name string, change ...func(*x509.Certificate)) *manifest.Device {
	t.Helper()
	key := materialtest.Key("manifest tests")
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: []string{"Test"}, SerialNumber: "SN-7"}, SerialNumber: big.NewInt(0xBEEF),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		SubjectKeyId: []byte{10, 11}, DNSNames: []string{"a.example"},
	}
	for _, f := range change {
		f(template)
	}
	return &manifest.Device{
		ID: "id-1", Certificate: materialtest.Certificate(template, nil, &key.PublicKey, key),
		Attributes: map[string]string{manifest.AttributeMAC: "02A4A4596FF8"},
	}
}

func TestTemplateFillsFieldsAndRejectsMissingOnes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ template, name, reason string }{
		{"", "cn-1", ""},
		{"{cn}", "cn-1", ""},
		{"{id}", "id-1", ""},
		{"{serial}", "beef", ""},
		{"sensor-{mac}_{cn}", "sensor-02A4A4596FF8_cn-1", ""},
		{"fixed", "fixed", ""},
		{"{chip_id}", "", "no-name"},
		{"x-{unique_id}", "", "no-name"},
		{"a b", "", "bad-name"},
		{"{cn}/{cn}", "", "bad-name"},
		{"{mac|lower}", "02a4a4596ff8", ""},
		{"{cn|upper}", "CN-1", ""},
		{"{mac|colons}", "02:A4:A4:59:6F:F8", ""},
		{"{mac|lower|colons}", "02:a4:a4:59:6f:f8", ""},
		{"{mac|colons|lower|replace:::-}", "02-a4-a4-59-6f-f8", ""},
		{"{mac|colons|replace:::}", "02A4A4596FF8", ""},
		{"{cn|replace:-:_}", "cn_1", ""},
		{"{cn|replace:c-:__}", "__n__1", ""},
		{`{cn|replace:-:\:}`, "cn:1", ""},
		{`{cn|replace:\}\|\\{-:_}x`, "cn_1x", ""},
		{"{cn|colons}", "", "bad-name"},
		{"{cn|replace:cn1-:}", "", "bad-name"},
		{"{subject.o}", "Test", ""},
		{"{subject.ou}", "", "no-name"},
		{"{subject.serialnumber|lower}", "sn-7", ""},
		{"{san.dns|replace:.:-}", "a-example", ""},
		{"{ski}", "0a0b", ""},
	} {
		t.Run(test.template, func(t *testing.T) {
			t.Parallel()
			template, err := manifest.ParseTemplate(test.template)
			if err != nil {
				t.Fatal(err)
			}
			d := device(t, "cn-1")
			opts := manifest.Options{ThingName: template}
			err = opts.Admit(d)
			if string(manifest.ReasonOf(err)) != test.reason || d.ThingName != test.name {
				t.Errorf("%q, %v; want %q, %s", d.ThingName, err, test.name, test.reason)
			}
		})
	}
}

// A typo in a template must not become part of every thing's name.
func TestTemplateWithUnknownFieldsOrLoneBracesIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{", "}", "{cn", "cn}", "{}", "{ cn }", "{CN}", "{{cn}}", "{cn}}", "{cn{mac}}", "{name}",
		"{cn|}", "{cn|lower", "{cn|lower|}", "{cn|Lower}", "{cn|lower:x}", "{cn|colons:}", "{|lower}",
		"{cn|replace}", "{cn|replace:}", "{cn|replace:_}", "{cn|replace::_}", "{cn|replace: :_", `{cn|replace: :_\}`,
		"{cn|replace:\n:_}", "{cn|replace:\x00:_}", "{cn|replace:\u202e:_}", "{cn|replace:a:{}", "{cn|replace:a: }", "{cn|replace:a:\n}",
	} {
		if template, err := manifest.ParseTemplate(text); err == nil {
			t.Errorf("%q is accepted as %q", text, template)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{
		"", "{cn}", "a-{mac}-b", "{", "}", "{{", "{cn}{id}", "{ski|upper|colons}", "{cn|replace: :_}", `{cn|replace:\}\|:x|lower}-{id}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := manifest.ParseTemplate(text)
		if err != nil {
			return
		}
		if text != "" && template.String() != text {
			t.Fatalf("%q became %q", text, template)
		}
		d := &manifest.Device{ID: "ab", Certificate: sample, Attributes: map[string]string{}}
		for _, field := range manifest.TemplateFields() {
			d.Attributes[field] = "ab"
		}
		name, err := template.Expand(d)
		if err != nil && manifest.ReasonOf(err) != manifest.ReasonBadName || strings.ContainsAny(name, "{}") {
			t.Fatalf("%q gives %q, %v", text, name, err)
		}
	})
}

// sample has a value for every field.
var sample = func() *x509.Certificate {
	key := materialtest.Key("manifest tests")
	names := []pkix.AttributeTypeAndValue{}
	for _, oid := range []asn1.ObjectIdentifier{
		{2, 5, 4, 4},
		{2, 5, 4, 12},
		{2, 5, 4, 13},
		{2, 5, 4, 41},
		{2, 5, 4, 42},
		{2, 5, 4, 46},
		{2, 5, 4, 65},
		{0, 9, 2342, 19200300, 100, 1, 1},
		{0, 9, 2342, 19200300, 100, 1, 25},
		{1, 2, 840, 113549, 1, 9, 1},
	} {
		names = append(names, pkix.AttributeTypeAndValue{Type: oid, Value: "ab"})
	}
	one := []string{"ab"}
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{
			CommonName: "ab", SerialNumber: "ab", Country: one, Organization: one, OrganizationalUnit: one, Locality: one, Province: one,
			StreetAddress: one, PostalCode: one, ExtraNames: names,
		},
		SubjectKeyId: []byte{1}, DNSNames: one,
	}, nil, &key.PublicKey, key)
}()
