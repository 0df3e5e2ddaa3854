package material_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// The layout tests compare a generated manifest with one of the vendor's. A shape
// is the text without the parts that may differ.

func manifestOf(t *testing.T, o material.Options) string {
	t.Helper()
	var out bytes.Buffer
	o.Out = &out
	if o.Seed == "" {
		o.Seed = "layout"
	}
	if err := material.Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func realFile(t *testing.T, name ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{require.Data(t)}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameShape(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-vendor +generated:\n%s", diff)
	}
}

func TestEspressifHasTheVendorsLayout(t *testing.T) {
	t.Parallel()
	body := regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n`)
	mac := regexp.MustCompile(`(?m)^[0-9A-F]{12},`)
	cn := regexp.MustCompile(`,[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12},`)
	shape := func(text string) string {
		return cn.ReplaceAllString(mac.ReplaceAllString(body.ReplaceAllString(text, "PEM"), "MAC,"), ",CN,")
	}
	want := realFile(t, "espressif", "manifest-espressif.csv")
	sameShape(t, shape(manifestOf(t, material.Options{Vendor: "espressif", N: 7})), shape(want))
	for _, key := range []material.Key{material.EC, material.RSA} {
		got := manifestOf(t, material.Options{Vendor: "espressif", N: 1, Key: key})
		if !strings.HasPrefix(shape(want), shape(got)) {
			t.Errorf("%s: different shape: %s", key, shape(got))
		}
		leaf, theirs := csvLeaf(t, got), csvLeaf(t, want)
		if key == material.RSA {
			sameCertificateShape(t, leaf, theirs)
		}
		sameShape(t, subjectShape(leaf), subjectShape(theirs))
	}
}

func TestGeneratedHasTheVendorsLayout(t *testing.T) {
	t.Parallel()
	shape := func(text string) string { return regexp.MustCompile(`[A-Za-z0-9+/]+=*`).ReplaceAllString(text, "B") }
	want := realFile(t, "generated", "certificates_test.txt")
	got := manifestOf(t, material.Options{Vendor: "generated", N: 100})
	sameShape(t, shape(got), shape(want))
	leaf, theirs := lineLeaf(t, got), lineLeaf(t, want)
	sameCertificateShape(t, leaf, theirs)
	sameShape(t, subjectShape(leaf), subjectShape(theirs))
}

func TestMicrochipHasTheVendorsLayout(t *testing.T) {
	t.Parallel()
	value := regexp.MustCompile(`"[A-Za-z0-9_-]{18,}"`)
	want := realFile(t, "microchip", "ECC608C-TNGTLSU-B.json")
	got := manifestOf(t, material.Options{Vendor: "microchip", N: 10})
	shape := func(text string) string { return value.ReplaceAllString(text, `"V"`) }
	sameShape(t, shape(got), shape(want))

	ours, theirs := firstJWS(t, got), firstJWS(t, want)
	words := regexp.MustCompile(`:"[^"]*"|"[A-Za-z0-9+/=]{100,}"`)
	sameShape(t, words.ReplaceAllString(ours.payload, `:""`), words.ReplaceAllString(theirs.payload, `:""`))
	sameShape(t, words.ReplaceAllString(ours.protected, `:""`), words.ReplaceAllString(theirs.protected, `:""`))
	for n := range theirs.chain {
		sameCertificateShape(t, ours.chain[n], theirs.chain[n])
		sameShape(t, subjectShape(ours.chain[n]), subjectShape(theirs.chain[n]))
	}
	if err := ours.chain[0].CheckSignatureFrom(ours.chain[1]); err != nil {
		t.Error(err)
	}
}

// sameCertificateShape compares versions, algorithms, extensions and their order. Only the last
// extension, which marks certificates for tests, is none of the vendor's.
func sameCertificateShape(t *testing.T, got, want *x509.Certificate) {
	t.Helper()
	shape := func(c *x509.Certificate) []string {
		lines := []string{c.SignatureAlgorithm.String(), c.PublicKeyAlgorithm.String()}
		for _, e := range c.Extensions {
			line := e.Id.String()
			if e.Critical {
				line += " critical"
			}
			if slices.Contains([]string{"2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.32", "2.5.29.17"}, e.Id.String()) {
				line += " " + base64.StdEncoding.EncodeToString(e.Value) // the same for all devices
			}
			lines = append(lines, line)
		}
		return lines
	}
	ours, marked := strings.CutSuffix(strings.Join(shape(got), "\n"), "\n2.16.840.1.113730.1.13")
	if diff := cmp.Diff(strings.Join(shape(want), "\n"), ours); diff != "" || !marked {
		t.Errorf("marked: %t, -vendor +generated:\n%s", marked, diff)
	}
}

// subjectShape returns the types of the subject's attributes in order.
func subjectShape(c *x509.Certificate) string {
	var types []string
	for _, name := range c.Subject.Names {
		types = append(types, name.Type.String())
	}
	return strings.Join(types, " ")
}

func csvLeaf(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	leaf := pemLeaf(t, []byte(records[1][2]))
	if leaf.Subject.CommonName != records[1][1] {
		t.Errorf("CN %s, column %s", leaf.Subject.CommonName, records[1][1])
	}
	return leaf
}

func lineLeaf(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	line, _, _ := strings.Cut(text, "\n")
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		t.Fatal(err)
	}
	return pemLeaf(t, raw)
}

func pemLeaf(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %q", text)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

type jws struct {
	payload, protected string
	chain              []*x509.Certificate
}

func firstJWS(t *testing.T, text string) (first jws) {
	t.Helper()
	var entries []struct{ Payload, Protected string }
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatal(err)
	}
	decode := func(part string) string {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	first.payload, first.protected = decode(entries[0].Payload), decode(entries[0].Protected)
	var payload struct {
		PublicKeySet struct{ Keys []struct{ X5c [][]byte } }
	}
	if err := json.Unmarshal([]byte(first.payload), &payload); err != nil {
		t.Fatal(err)
	}
	for _, der := range payload.PublicKeySet.Keys[0].X5c {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		first.chain = append(first.chain, certificate)
	}
	return first
}
