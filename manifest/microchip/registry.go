package microchip

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/manifest"
)

// A signer is a certificate that may have signed entries.
type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PublicKey
	id          manifest.CertificateID
	kid         string // base64url of the subject key identifier
	x5t         string // base64url of the SHA-256 fingerprint
}

func (s *signer) name() string { return manifest.Quote(s.certificate.Subject.CommonName) }

// A registry is the set of signers that the operator trusts. It is read-only.
type registry struct {
	byPrint map[string]*signer
	byKID   map[string]*signer
}

func newRegistry(certificates []*x509.Certificate) (*registry, error) {
	r := &registry{byPrint: map[string]*signer{}, byKID: map[string]*signer{}}
	for _, certificate := range certificates {
		s, err := newSigner(certificate)
		if err != nil {
			return nil, fmt.Errorf("signer %s: %w", manifest.Quote(certificate.Subject.CommonName), err)
		}
		r.byPrint[s.x5t] = s
		r.byKID[s.kid] = s
	}
	return r, nil
}

// newSigner checks a signer certificate. It ignores its own signature and dates, and
// whether it is a CA's, as self-made signers are: the certificate is trusted because
// the operator named it.
func newSigner(certificate *x509.Certificate) (*signer, error) {
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !ok || key.Curve != elliptic.P256():
		return nil, errors.New("the key is not EC P-256, so it cannot have signed a manifest (ES256)")
	case len(certificate.SubjectKeyId) == 0:
		return nil, errors.New("the certificate has no subject key identifier, by which entries name their signer")
	}
	id := manifest.CertificateIDOf(certificate.Raw)
	return &signer{
		certificate: certificate,
		key:         key,
		id:          id,
		kid:         base64.RawURLEncoding.EncodeToString(certificate.SubjectKeyId),
		x5t:         base64.RawURLEncoding.EncodeToString(id[:]),
	}, nil
}

// choose returns the signer that a protected header names. Fingerprint and key ID must agree.
func (r *registry) choose(h *protectedHeader) (*signer, error) {
	switch {
	case h.x5t == "":
		return nil, manifest.Errorf(manifest.ReasonUnknownSigner, "the protected header does not name its signer (x5t#S256)")
	case h.kid == "":
		return nil, manifest.Errorf(manifest.ReasonUnknownSigner, "the protected header does not name its signer's key (kid)")
	}
	byPrint, byKID := r.byPrint[h.x5t], r.byKID[h.kid]
	switch {
	case byPrint != nil && byPrint.kid == h.kid:
		return byPrint, nil
	case byPrint != nil:
		return nil, manifest.Errorf(manifest.ReasonSignerMismatch, "x5t#S256 names the signer %s, but kid does not", byPrint.name())
	case byKID != nil:
		return nil, manifest.Errorf(manifest.ReasonSignerMismatch, "kid names the signer %s, but x5t#S256 does not", byKID.name())
	}
	return nil, unknownSigner(h)
}

// signerID returns the fingerprint by which a protected header names its signer, or
// the zero ID.
func (h *protectedHeader) signerID() (id manifest.CertificateID) {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(h.x5t)
	if err == nil && len(sum) == len(id) {
		copy(id[:], sum)
	}
	return id
}

// unknownSigner returns an error that names the missing certificate.
func unknownSigner(h *protectedHeader) error {
	id := h.signerID()
	name := publishedName(id)
	switch {
	case id.IsZero():
		return manifest.Errorf(manifest.ReasonUnknownSigner,
			"x5t#S256 of the protected header is not a SHA-256 fingerprint: %s", manifest.Quote(h.x5t))
	case id == testSigner:
		return manifest.Errorf(manifest.ReasonUnknownSigner, "signed by Microchip's \"Log Signer Test\", which is not for real devices")
	case name != "":
		return manifest.Errorf(manifest.ReasonUnknownSigner, "signed by Microchip's %q (SHA-256 %s), which is not among the signers", name, id)
	}
	return manifest.Errorf(manifest.ReasonUnknownSigner, "signed by a certificate with SHA-256 %s, which is not among the signers", id)
}
