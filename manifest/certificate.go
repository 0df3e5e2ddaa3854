package manifest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// MaxCertificatePEM is the maximum length of certificatePem in RegisterCertificateWithoutCA.
const MaxCertificatePEM = 65_536

// ParseCertificate parses one DER certificate with nothing after it. Its errors have a [Reason].
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	const armour = len("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
	if n := base64.StdEncoding.EncodedLen(len(der)); n+n/64+1+armour > MaxCertificatePEM {
		return nil, Errorf(ReasonEntryTooLarge, "certificate of %d bytes: AWS IoT takes %d characters of PEM", len(der), MaxCertificatePEM)
	}
	certificate, err := x509.ParseCertificate(der)
	switch {
	case err == nil:
		return certificate, nil
	case strings.Contains(err.Error(), "elliptic curve"):
		return nil, Errorf(ReasonUnsupportedKey, "parse certificate: %w; AWS IoT takes P-256, P-384 and P-521", err)
	}
	return nil, Errorf(ReasonBadCertificate, "parse certificate: %w", err)
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
	var name string
	found := 0
	for _, attribute := range certificate.Subject.Names {
		if !attribute.Type.Equal(oidCommonName) {
			continue
		}
		found++
		name, _ = attribute.Value.(string)
	}
	switch {
	case found > 1:
		return "", Errorf(ReasonNoName, "the subject has %d common names (CN); the device's is ambiguous", found)
	case name == "":
		return "", Errorf(ReasonNoName, "the subject has no common name (CN)")
	}
	return name, nil
}
