package manifest

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// MaxCertificatePEM is the maximum length of certificatePem in RegisterCertificateWithoutCA.
const MaxCertificatePEM = 65_536

// ParseCertificate parses one DER certificate with nothing after it. It accepts the
// encodings that RFC 5280 asks readers to accept although authorities must not use
// them. No signature by the certificate's key costs more to verify than one by an
// RSA key of 8192 bits. Errors have a [Reason].
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	const armour = len("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
	if n := base64.StdEncoding.EncodedLen(len(der)); n+n/64+1+armour > MaxCertificatePEM {
		return nil, Errorf(ReasonEntryTooLarge, "certificate of %d bytes: AWS IoT takes %d characters of PEM", len(der), MaxCertificatePEM)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		if readable, ok := parseLenient(der); ok {
			certificate, err = readable, nil
		}
	}
	switch {
	case err == nil:
		if err := checkKeyCost(certificate.PublicKey); err != nil {
			return nil, err
		}
		return certificate, nil
	case strings.Contains(err.Error(), "elliptic curve"), strings.Contains(err.Error(), "ECDSA parameters"):
		return nil, Errorf(ReasonUnsupportedKey, "parse certificate: %w; AWS IoT takes P-256, P-384 and P-521 by name", err)
	case strings.Contains(err.Error(), "RSA public exponent"):
		return nil, Errorf(ReasonUnsupportedKey, "parse certificate: %w; it must be positive and below 2^31", err)
	}
	return nil, Errorf(ReasonBadCertificate, "parse certificate: %w", err)
}

// Bounds of RSA keys. A signature by a key of 260,000 bits takes seconds to verify,
// and a certificate can bring any key. The exponent has the bound of crypto/rsa.
const (
	maxRSABits     = 8192
	maxRSAExponent = 1<<31 - 1
)

// checkKeyCost rejects keys whose signatures take longer to verify than those of
// ordinary keys, whether a device or an issuer owns the key.
func checkKeyCost(key crypto.PublicKey) error {
	rsaKey, ok := key.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil
	case rsaKey.N.BitLen() > maxRSABits:
		return Errorf(ReasonUnsupportedKey, "RSA key of %d bits; the limit is %d", rsaKey.N.BitLen(), maxRSABits)
	case rsaKey.E > maxRSAExponent:
		return Errorf(ReasonUnsupportedKey, "RSA key with public exponent %d; it must be positive and below 2^31", rsaKey.E)
	}
	return nil
}

// IsCA reports whether the basic constraints or the key usage of a certificate
// make it a certification authority's.
func IsCA(certificate *x509.Certificate) bool {
	return certificate.IsCA || certificate.KeyUsage&x509.KeyUsageCertSign != 0
}

var oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}

// CommonName returns the CN of the subject, which must have exactly one.
// crypto/x509 keeps the last of several, so the order of the subject would
// determine the name of a thing. Its errors have [ReasonNoName].
func CommonName(certificate *x509.Certificate) (string, error) {
	names := subjectValues(certificate, oidCommonName)
	switch {
	case len(names) > 1:
		return "", Errorf(ReasonNoName, "the subject has %d common names (CN); the device's is ambiguous", len(names))
	case len(names) == 0 || names[0] == "":
		return "", Errorf(ReasonNoName, "the subject has no common name (CN)")
	}
	return names[0], nil
}
