package armour

import (
	"bytes"
	"crypto/x509"
	"errors"

	"github.com/thingpress/thingpress/manifest"
)

// Issued reports whether ca is a certification authority that signed the
// certificate before it. If the signature algorithm is too old to verify, the
// names decide.
func Issued(ca, before *x509.Certificate) bool {
	if !manifest.IsCA(ca) || !bytes.Equal(ca.RawSubject, before.RawIssuer) {
		return false
	}
	err := ca.CheckSignature(before.SignatureAlgorithm, before.RawTBSCertificate, before.Signature)
	return err == nil || errors.As(err, new(x509.InsecureAlgorithmError))
}

// SelfIssued reports whether subject and issuer of a certificate are the same. No
// other certificate is the issuer of such a device, though the one that renewed it
// may look like it.
func SelfIssued(certificate *x509.Certificate) bool {
	return bytes.Equal(certificate.RawSubject, certificate.RawIssuer)
}

// MaxChain is the maximum number of certificates of one entry. Every issuer costs
// the verification of a signature.
const MaxChain = 8

// Leaf returns the first of the certificates of one entry. Each of the others must
// be the authority that issued the one before it.
func Leaf(certificates []*x509.Certificate) (*x509.Certificate, error) {
	if len(certificates) > MaxChain {
		return nil, manifest.Errorf(manifest.ReasonSeveralCertificates,
			"%d certificates; a certificate with its issuers has at most %d", len(certificates), MaxChain)
	}
	for i := 1; i < len(certificates); i++ {
		other := i == 1 && SelfIssued(certificates[0]) && !certificates[1].Equal(certificates[0])
		if other || !Issued(certificates[i], certificates[i-1]) {
			return nil, manifest.Errorf(manifest.ReasonSeveralCertificates,
				"%d certificates, and number %d is not the authority that issued the one before", len(certificates), i+1)
		}
	}
	return certificates[0], nil
}
