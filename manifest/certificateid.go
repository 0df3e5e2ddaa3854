package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// A CertificateID is the SHA-256 of a certificate's DER, which AWS IoT Core
// calls certificateId. The zero value stands for no certificate.
type CertificateID [sha256.Size]byte

// CertificateIDOf returns the ID of a certificate in DER.
func CertificateIDOf(der []byte) CertificateID { return sha256.Sum256(der) }

// ParseCertificateID parses 64 hex digits in either case. The empty string is the zero ID. Anything else is an error.
func ParseCertificateID(s string) (id CertificateID, err error) {
	return id, id.UnmarshalText([]byte(s))
}

// IsZero reports whether the ID stands for no certificate.
func (id CertificateID) IsZero() bool { return id == CertificateID{} }

// String returns 64 lower-case hex digits, as AWS writes the ID, or "" for the zero ID.
func (id CertificateID) String() string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// MarshalText implements [encoding.TextMarshaler].
func (id CertificateID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *CertificateID) UnmarshalText(text []byte) error {
	*id = CertificateID{}
	if len(text) == 0 {
		return nil
	}
	if n := hex.DecodedLen(len(text)); n != len(id) || len(text) != 2*n {
		return fmt.Errorf("certificate ID %s does not have 64 hex digits", Quote(string(text)))
	}
	if _, err := hex.Decode(id[:], text); err != nil {
		*id = CertificateID{}
		return fmt.Errorf("certificate ID %s: %w", Quote(string(text)), err)
	}
	return nil
}
