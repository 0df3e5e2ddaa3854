package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

const (
	// rsaBits is the length of the keys that AWS IoT makes for devices.
	rsaBits = 2048
	// maxRSABits is the limit of the sandbox for keys of others. A signature by a key of 200,000 bits takes seconds to verify.
	maxRSABits = 8192
)

// An issuer signs the certificates that AWS IoT issues. Nobody trusts it, as brokers know these certificates from the registry.
type issuer struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
}

func newIssuer() (issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return issuer{}, err
	}
	// AWS writes all of its name into the organizational unit.
	name := pkix.Name{OrganizationalUnit: []string{"Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US"}}
	return issuer{&x509.Certificate{Subject: name, SubjectKeyId: []byte("sandbox")}, key}, nil
}

// issue returns the DER of a certificate that is valid as long as those of AWS, until the end of 2049.
func (i issuer) issue(subject pkix.Name, rawSubject []byte, public crypto.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		RawSubject:            rawSubject,
		NotBefore:             time.Now().Add(-2 * time.Minute),
		NotAfter:              time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}, i.certificate, public, i.key)
}

type issueRequest struct {
	CSR       string `json:"certificateSigningRequest"`
	SetActive string `json:"-" query:"setAsActive"`
}

type issuedCertificate struct {
	registry.CertificateRef
	PEM  string   `json:"certificatePem"`
	Keys *keyPair `json:"keyPair,omitempty"`
}

type keyPair struct {
	Public  string `json:"PublicKey"`
	Private string `json:"PrivateKey"`
}

var bindIssueRequest = binder[issueRequest]()

// createKeysAndCertificate makes a key and issues a certificate for it. The sandbox keeps only the certificate.
func createKeysAndCertificate(b backend, c *call) (any, error) {
	in, err := bindIssueRequest(c)
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	out, err := b.issueCertificate(c, in, pkix.Name{CommonName: "AWS IoT Certificate"}, nil, key.Public())
	out.Keys = &keyPair{encodePEM("PUBLIC KEY", public), encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))}
	return out, err
}

// createCertificateFromCSR issues a certificate for the key and the subject of a request.
func createCertificateFromCSR(b backend, c *call) (any, error) {
	in, err := bindIssueRequest(c)
	if err != nil {
		return nil, err
	}
	csr, err := parseRequest(in.CSR)
	if err != nil {
		return nil, err
	}
	return b.issueCertificate(c, in, csr.Subject, csr.RawSubject, csr.PublicKey)
}

// parseRequest parses a certificate signing request and checks what AWS documents about its key.
func parseRequest(text string) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errCSR
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || !issuable(csr.PublicKey) || csr.CheckSignature() != nil {
		return nil, errCSR
	}
	return csr, nil
}

// errCSR is AWS's answer to every request that it does not sign.
var errCSR = registry.Invalid("CSR violates constraints")

func issuable(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= rsaBits && key.N.BitLen() <= maxRSABits
	case *ecdsa.PublicKey:
		return key.Curve != elliptic.P224()
	}
	return false
}

// issueCertificate issues a certificate and adds it to the registry.
func (b backend) issueCertificate(c *call, in *issueRequest, subject pkix.Name, raw []byte, key crypto.PublicKey) (issuedCertificate,
	error,
) {
	by, err := b.issuer()
	if err != nil {
		return issuedCertificate{}, err
	}
	der, err := by.issue(subject, raw, key)
	if err != nil {
		return issuedCertificate{}, err
	}
	out := issuedCertificate{PEM: encodePEM("CERTIFICATE", der)}
	c.changed, err = b.store.Change(func(st *registry.State) (changes []registry.Change, err error) {
		out.CertificateRef, changes, err = st.AddIssued(&registry.IssuedCertificate{DER: der, Active: in.SetActive == "true"})
		return changes, err
	})
	return out, err
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
