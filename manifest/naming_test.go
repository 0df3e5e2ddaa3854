package manifest_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// An operator pastes the first of these templates.
func TestNamingsBeginWithTheBestTemplate(t *testing.T) {
	t.Parallel()
	plain := func(c *x509.Certificate) {
		c.Subject.Organization, c.Subject.SerialNumber, c.DNSNames, c.SubjectKeyId = nil, "", nil, nil
	}
	for name, test := range map[string]struct {
		cn             string
		id             string
		change         func(*x509.Certificate)
		template, name string
	}{
		"blank":              {"Device 0001", "", plain, "{cn|replace: :_}", "Device_0001"},
		"several characters": {"a/b c/d", "", plain, "{cn|replace:/ :_}", "a_b_c_d"},
		"at the ends":        {" dev-1 ", "", plain, "{cn|replace: :}", "dev-1"},
		"braces":             {"{6d1d}", "", plain, `{cn|replace:{\}:}`, "6d1d"},
		"bar and backslash":  {`a|\b`, "", plain, `{cn|replace:\|\\:_}`, "a__b"},
		"the vendor's ID":    {"Device 0001", "0123", plain, "{id}", "0123"},
		"control characters": {"dev\n1", "", plain, "{serial}", "beef"},
		"other alphabets":    {"装置1", "", plain, "{serial}", "beef"},
		"too long":           {strings.Repeat("d", 129), "", plain, "{serial}", "beef"},
		"what AWS calls all": {"AWS IoT Certificate", "", plain, "{serial}", "beef"},
		"another template":   {"dev-1", "", plain, "{cn}", "dev-1"},
		"no CN, a DNS name":  {"", "", func(c *x509.Certificate) { plain(c); c.DNSNames = []string{"dev-san-1"} }, "{san.dns}", "dev-san-1"},
		"no CN, a domain": {
			"", "", func(c *x509.Certificate) { plain(c); c.DNSNames = []string{"d.example"} },
			"{san.dns|replace:.:_}", "d_example",
		},
		"no CN, a serialNumber": {
			"", "", func(c *x509.Certificate) { plain(c); c.Subject.SerialNumber = "SN00042" },
			"{subject.serialnumber}", "SN00042",
		},
		"two CNs": {"dev-a", "", func(c *x509.Certificate) {
			plain(c)
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "dev-b"}}
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "dev-a"})
		}, "{serial}", "beef"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := device(t, test.cn, test.change)
			d.ID, d.IDIsCN = test.id, test.id == ""
			if test.id == "" {
				d.ID = test.cn
			}
			got := manifest.Namings(d)
			if len(got) == 0 || got[0] != (manifest.Naming{Template: test.template, Name: test.name}) {
				t.Errorf("%q, want %s for %s", got, test.template, test.name)
			}
		})
	}
}

// A hint that does not work is worse than none.
func TestEveryNamingIsAccepted(t *testing.T) {
	t.Parallel()
	key := materialtest.Key("manifest tests")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 150, 200)
		template := &x509.Certificate{Subject: pkix.Name{CommonName: text.Draw(t, "cn"), SerialNumber: text.Draw(t, "serialNumber")}}
		d := &manifest.Device{ID: text.Draw(t, "id"), Certificate: materialtest.Certificate(template, nil, &key.PublicKey, key)}
		names := map[string]bool{}
		for _, naming := range manifest.Namings(d) {
			parsed, err := manifest.ParseTemplate(naming.Template)
			if err != nil {
				t.Fatal(err)
			}
			opts, copied := manifest.Options{ThingName: parsed}, *d
			if err := opts.Admit(&copied); err != nil || copied.ThingName != naming.Name || names[naming.Name] {
				t.Fatalf("%q gives %q, %v, twice %t; want %q", naming.Template, copied.ThingName, err, names[naming.Name], naming.Name)
			}
			names[naming.Name] = true
		}
		if len(names) < 2 {
			t.Fatalf("only %d templates", len(names))
		}
	})
}
