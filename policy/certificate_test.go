package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"reflect"
	"testing"
	"time"
)

func TestCertificateHasItsNamesInOrder(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := func(last int, value string) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, last}, Value: value}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1a2b), NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(2e9, 0),
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			name(3, "Dev"), name(11, "Unit"), name(3, "Admin"), name(46, "q"), name(5, "sn"), name(12, "Dr"), name(4, "Doe"),
			name(42, "Jo"), name(43, "J"), name(65, "x"), name(44, "III"), name(6, "DE"), name(8, "BW"), name(10, "Org"),
		}},
		DNSNames: []string{"a.example"}, EmailAddresses: []string{"a@b.example"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1).To4()},
		URIs: []*url.URL{{Scheme: "urn", Opaque: "x"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c := NewCertificate(parsed)
	want := Name{
		CommonName: {"Dev", "Admin"}, OrganizationalUnit: {"Unit"}, DistinguishedNameQualifier: {"q"}, SerialNumber: {"sn"},
		Title: {"Dr"}, Surname: {"Doe"}, GivenName: {"Jo"}, Initials: {"J"}, Pseudonym: {"x"}, GenerationQualifier: {"III"},
		Country: {"DE"}, State: {"BW"}, Organization: {"Org"},
	}
	if !reflect.DeepEqual(c.Issuer, want) {
		t.Errorf("issuer is %q, want %q", c.Issuer, want)
	}
	want[DNSName], want[RFC822Name] = []string{"a.example"}, []string{"a@b.example"}
	want[IPAddress], want[UniformResourceIdentifier] = []string{"10.0.0.1"}, []string{"urn:x"}
	if !reflect.DeepEqual(c.Subject, want) {
		t.Errorf("subject is %q, want %q", c.Subject, want)
	}
	if len(c.ID) != 64 || c.SerialNumber != "1a2b" || c.ROCA || c.NotAfter.Unix() != 2e9 {
		t.Errorf("%+v", c)
	}
}

// The reader reuses its memory: a value of one certificate must not show in the next.
func TestReaderReadsWhatDocumentsAskOfEachCertificate(t *testing.T) {
	t.Parallel()
	certificates := []*x509.Certificate{
		{
			Raw: []byte("first"), SerialNumber: big.NewInt(10),
			Subject:    pkix.Name{Names: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "a"}}},
			Issuer:     pkix.Name{Names: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "b"}}},
			Extensions: []pkix.Extension{{Id: subjectAlternatives, Value: []byte{0x30, 3, 0x82, 1, 'd'}}},
		},
		{Raw: []byte("second")},
	}
	for variable, of := range map[string]func(*Certificate) any{
		"iot:CertificateId":                               func(c *Certificate) any { return c.ID },
		"iot:Certificate.SerialNumber":                    func(c *Certificate) any { return c.SerialNumber },
		"iot:Certificate.Subject.CommonName":              func(c *Certificate) any { return len(c.Subject[CommonName]) },
		"IOT:certificate.issuer.organization":             func(c *Certificate) any { return len(c.Issuer[Organization]) },
		"iot:Certificate.Subject.AlternativeName.DNSName": func(c *Certificate) any { return len(c.Subject[DNSName]) },
		"iot:Certificate.AvailableKeys":                   func(c *Certificate) any { return c.availableKeys() },
	} {
		reader := NewCertificateReader([]*Document{{Statements: []Statement{{Conditions: []Condition{{Key: variable}}}}}})
		if !reader.Asks() {
			t.Errorf("%s asks nothing", variable)
		}
		for _, c := range certificates {
			got, want := of(reader.Read(sha256.Sum256(c.Raw), c)), of(NewCertificate(c))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %s: %v, want %v", variable, c.Raw, got, want)
			}
		}
	}
	other := NewCertificateReader([]*Document{{Statements: []Statement{{Resources: []Resource{{Text: "arn:aws:iot:*:*:topic/certificate"}}}}}})
	if other.Asks() {
		t.Error("the topic certificate asks")
	}
}

func TestOnlyPowersOfTheGeneratorHaveTheMark(t *testing.T) {
	t.Parallel()
	marked := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123), nil)
	if !hasROCAMark(marked) {
		t.Error("a power of the generator has no mark")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if hasROCAMark(key.N) {
		t.Error("an ordinary key has the mark")
	}
}
