package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// keyed creates a certificate for a public key, signed by a P-256 key.
func keyed(t *testing.T, public crypto.PublicKey, signer crypto.Signer, algorithm x509.SignatureAlgorithm) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: bigInt(), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		SignatureAlgorithm: algorithm,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return encode(der)
}

// patch replaces bytes in a certificate, for certificates that crypto/x509 does not create.
func patch(t *testing.T, certificate, from, to string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	der := string(block.Bytes)
	if !strings.Contains(der, from) || len(from) != len(to) {
		t.Fatalf("%x cannot be patched by %x", from, to)
	}
	return encode([]byte(strings.ReplaceAll(der, from, to)))
}

func TestCertificatesThatAWSDoesNotTake(t *testing.T) {
	t.Parallel()
	const refused = "CertificateValidationException"
	p256 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p224 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	rsa2048 := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// crypto/rsa no longer generates keys of 1024 bits; a modulus suffices.
	rsa1024 := &rsa.PublicKey{N: rsa2048.N.Rsh(rsa2048.N, 1024), E: 65537}
	rsa2048 = must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	good := mint(t, nil)
	// OIDs as DER. The OIDs of ecdsa-with-SHA256 and ecdsa-with-SHA1 differ in length, so
	// SHA-224, which is not on the list either, stands for an unsupported hash.
	sha224 := patch(t, good, "\x2a\x86\x48\xce\x3d\x04\x03\x02", "\x2a\x86\x48\xce\x3d\x04\x03\x01")
	sha1RSA := patch(t, keyed(t, rsa2048.Public(), rsa2048, x509.SHA256WithRSA), "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
		"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05")
	brainpool := patch(t, good, "\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x2a\x86\x48\xce\x3d\x03\x01\x01")
	expired := mint(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(1, 0), time.Unix(1e6, 0) })
	future := mint(t, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	})
	authority := mint(t, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
	for name, one := range map[string]struct {
		pem, code, strict string
	}{
		"EC P-256":      {good, "", ""},
		"EC P-384":      {keyed(t, p384.Public(), p256, 0), "", ""},
		"EC P-521":      {keyed(t, p521.Public(), p256, 0), "", ""},
		"RSA 2048":      {keyed(t, rsa2048.Public(), rsa2048, 0), "", ""},
		"RSA-PSS":       {keyed(t, rsa2048.Public(), rsa2048, x509.SHA384WithRSAPSS), "", ""},
		"RSA 1024":      {keyed(t, rsa1024, p256, 0), refused, refused},
		"EC P-224":      {keyed(t, p224.Public(), p256, 0), refused, refused},
		"foreign curve": {brainpool, refused, refused},
		"Ed25519":       {keyed(t, edPublic, edPrivate, 0), refused, refused},
		"SHA-1":         {sha1RSA, refused, refused},
		"SHA-224":       {sha224, refused, refused},
		"not PEM":       {"garbage", refused, refused},
		"not DER": {
			"-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString([]byte("garbage")) + "\n-----END CERTIFICATE-----\n",
			refused, refused,
		},
		"a key":          {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", refused, refused},
		"expired":        {expired, "", refused},
		"not yet valid":  {future, "", refused},
		"CA":             {authority, "", refused},
		"65,537 letters": {good + strings.Repeat("\n", 65_537-len(good)), "InvalidRequestException", "InvalidRequestException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for strict, want := range map[bool]string{false: one.code, true: one.strict} {
				s := open(t, Options{Strict: strict})
				_, err := direct(s).RegisterCertificateWithoutCA(t.Context(), &iot.RegisterCertificateWithoutCAInput{CertificatePem: &one.pem})
				if got := codeOf(err); got != want {
					t.Errorf("strict %v: %q, want %q (%v)", strict, got, want, err)
				}
				if taken := len(s.State().Certificates) == 1; taken != (want == "") {
					t.Errorf("strict %v: accepted %v", strict, taken)
				}
			}
		})
	}
}

// The ID is that of the DER. The same certificate in another PEM, or followed by other text, is
// a repetition and keeps its status.
func TestCertificateIsKnownByItsDER(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	c := direct(s)
	certificate := mint(t, nil)
	block, _ := pem.Decode([]byte(certificate))
	sum := sha256.Sum256(block.Bytes)
	_ = must[*iot.RegisterCertificateWithoutCAOutput](t)(c.RegisterCertificateWithoutCA(t.Context(),
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: &certificate}))
	for _, form := range []string{strings.ReplaceAll(certificate, "\n", "\r\n"), "device\n" + certificate + mint(t, nil)} {
		_, err := c.RegisterCertificateWithoutCA(t.Context(),
			&iot.RegisterCertificateWithoutCAInput{CertificatePem: &form, Status: types.CertificateStatusActive})
		if codeOf(err) != "ResourceAlreadyExistsException" {
			t.Errorf("%v, want ResourceAlreadyExistsException", err)
		}
	}
	id := hex.EncodeToString(sum[:])
	if state := s.State().Certificates; len(state) != 1 || state[id].Status != "INACTIVE" {
		t.Errorf("certificates %v, want %s INACTIVE", state, id)
	}
	upper := must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(t.Context(),
		&iot.DescribeCertificateInput{CertificateId: aws.String(strings.ToUpper(id))}))
	if *upper.CertificateDescription.CertificatePem != certificate {
		t.Error("the PEM in the answer differs")
	}
}
