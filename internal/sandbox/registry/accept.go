package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

const minRSABits = 2048

// accept returns the DER of the first certificate in a PEM text, as AWS IoT does. It refuses
// what the developer guide ("X.509 client certificates") does not list: keys other than RSA of
// at least 2048 bits and P-256, P-384, P-521, and hashes other than SHA-256, SHA-384, SHA-512.
// It checks dates and the CA flag only if strict, since AWS does not document what it does with
// them.
func accept(text string, strict bool, now time.Time) ([]byte, error) {
	var block *pem.Block
	for rest := []byte(text); ; {
		if block, rest = pem.Decode(rest); block == nil {
			return nil, badCertificate("The PEM contains no certificate")
		}
		if block.Type == "CERTIFICATE" {
			break
		}
	}
	c, err := manifest.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, badCertificate("The certificate could not be parsed: %v", err)
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return nil, badCertificate("The certificate has an RSA key of %d bits; at least %d are required", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return nil, badCertificate("The certificate has a key on the curve P-224; P-256, P-384 and P-521 are supported")
		}
	default:
		return nil, badCertificate("The certificate has a key of an unsupported algorithm: %v", c.PublicKeyAlgorithm)
	}
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.DSAWithSHA256:
	default:
		return nil, badCertificate("The certificate has an unsupported signature algorithm: %v", c.SignatureAlgorithm)
	}
	if strict {
		if err := acceptStrictly(c, now); err != nil {
			return nil, err
		}
	}
	return block.Bytes, nil
}

func acceptStrictly(c *x509.Certificate, now time.Time) error {
	switch {
	case now.After(c.NotAfter):
		return badCertificate("The certificate expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(c.NotBefore):
		return badCertificate("The certificate is not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))
	case c.IsCA:
		return badCertificate("The certificate is that of a certificate authority")
	}
	return nil
}
