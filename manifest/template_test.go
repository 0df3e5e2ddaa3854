package manifest_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
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
		Subject: pkix.Name{CommonName: name, Organization: []string{"Test"}}, SerialNumber: big.NewInt(0xBEEF),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
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
	for _, text := range []string{"{", "}", "{cn", "cn}", "{}", "{ cn }", "{CN}", "{{cn}}", "{cn}}", "{cn{mac}}", "{name}"} {
		if template, err := manifest.ParseTemplate(text); err == nil {
			t.Errorf("%q is accepted as %q", text, template)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{"", "{cn}", "a-{mac}-b", "{", "}", "{{", "{cn}{id}"} {
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
		d := &manifest.Device{ID: "x", Certificate: sample, Attributes: map[string]string{}}
		for _, field := range manifest.TemplateFields() {
			d.Attributes[field] = "x"
		}
		d.CertificateID = manifest.CertificateID{1}
		name, err := template.Expand(d)
		if err != nil || strings.ContainsAny(name, "{}") {
			t.Fatalf("%q gives %q, %v", text, name, err)
		}
	})
}

// sample returns a certificate with the CN x.
var sample = func() *x509.Certificate {
	key := materialtest.Key("manifest tests")
	return materialtest.Certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "x"}}, nil, &key.PublicKey, key)
}()
