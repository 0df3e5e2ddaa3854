package manifest

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// MaxCertificatePEM is the most characters that AWS IoT takes as
// certificatePem of RegisterCertificateWithoutCA.
const MaxCertificatePEM = 65_536

// ParseCertificate parses one DER certificate and nothing after it. Its
// errors carry a [Reason].
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

// IsCA reports whether a certificate is that of a certification authority: basic
// constraints say so, or it may sign certificates.
func IsCA(certificate *x509.Certificate) bool {
	return certificate.IsCA || certificate.KeyUsage&x509.KeyUsageCertSign != 0
}

var oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}

// CommonName returns the one CN of the subject. crypto/x509 keeps the last of
// several, which would let the order of a subject decide a thing's name. Its
// errors carry [ReasonNoName].
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
		return "", Errorf(ReasonNoName, "the subject has %d common names (CN), and nothing says which is the device's", found)
	case name == "":
		return "", Errorf(ReasonNoName, "the subject has no common name (CN)")
	}
	return name, nil
}
