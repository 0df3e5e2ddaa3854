package azure

import (
	"crypto/sha1" //nolint:gosec // Azure's thumbprints are SHA-1 or SHA-256; nothing is trusted because of one
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// A Thumbprint is the SHA-1 or the SHA-256 of the DER of a certificate. The zero Thumbprint is that of none.
// Thumbprints can be compared with ==.
type Thumbprint struct {
	size uint8
	sum  [sha256.Size]byte
}

// ThumbprintsOf returns both thumbprints of a certificate in DER.
func ThumbprintsOf(der []byte) (sha256Thumbprint, sha1Thumbprint Thumbprint) {
	short := sha1.Sum(der) //nolint:gosec // as above
	sha256Thumbprint, sha1Thumbprint = Thumbprint{size: sha256.Size, sum: sha256.Sum256(der)}, Thumbprint{size: sha1.Size}
	copy(sha1Thumbprint.sum[:], short[:])
	return sha256Thumbprint, sha1Thumbprint
}

// IsZero reports whether t is not a thumbprint.
func (t Thumbprint) IsZero() bool { return t.size == 0 }

// String returns hex digits in lower case, "" for the zero Thumbprint.
func (t Thumbprint) String() string { return hex.EncodeToString(t.sum[:t.size]) }

// Kind returns SHA-256 or SHA-1.
func (t Thumbprint) Kind() string {
	if t.size == sha1.Size {
		return "SHA-1"
	}
	return "SHA-256"
}

// ParseThumbprint parses the hex digits of a thumbprint, in upper or lower case and also with colons, blanks or
// dashes between them. Text without digits is the zero Thumbprint. Errors do not repeat the text, which may be
// something else in the wrong place.
func ParseThumbprint(text string) (Thumbprint, error) {
	const hidden = "\u200e" // which Windows puts before the thumbprint that people copy out of its dialog
	digits := strings.NewReplacer(":", "", "-", "", " ", "", hidden, "").Replace(text)
	t := Thumbprint{size: uint8(min(hex.DecodedLen(len(digits)), sha256.Size))}
	switch {
	case digits == "":
		return Thumbprint{}, nil
	case len(digits) != 2*sha1.Size && len(digits) != 2*sha256.Size:
		return Thumbprint{}, manifest.Errorf(manifest.ReasonBadEncoding,
			"a thumbprint has %d characters; SHA-1 has %d hex digits, SHA-256 %d", len(digits), 2*sha1.Size, 2*sha256.Size)
	}
	if _, err := hex.Decode(t.sum[:], []byte(digits)); err != nil {
		return Thumbprint{}, manifest.Errorf(manifest.ReasonBadEncoding, "a thumbprint has characters that are not hex digits")
	}
	return t, nil
}
