package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
