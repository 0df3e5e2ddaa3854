package stream

import (
	"bytes"
	"crypto/sha256"

	"github.com/thingpress/thingpress/manifest"
)

// issuers are the names of those who issued the certificates of entries. With
// [manifest.Options.AllowCA] they tell an authority from a device that merely says
// CA:TRUE. Memory grows by about 40 bytes per issuer.
type issuers struct {
	names    map[[sha256.Size]byte]struct{}
	complete bool // all entries were added
}

// checkEntry adds the issuer of an entry until the names are complete. After that it
// returns an error for an authority that issued another entry.
func (s *issuers) checkEntry(d *manifest.Device, err error) error {
	certificate := d.Certificate
	switch {
	case certificate == nil:
	case !s.complete && !bytes.Equal(certificate.RawIssuer, certificate.RawSubject):
		s.names[sha256.Sum256(certificate.RawIssuer)] = struct{}{}
	case s.complete && manifest.IsCA(certificate):
		if _, issued := s.names[sha256.Sum256(certificate.RawSubject)]; issued {
			return manifest.Errorf(manifest.ReasonCACertificate,
				"the certificate of %s belongs to a certification authority: it issued another entry", manifest.Quote(certificate.Subject.CommonName))
		}
	}
	return err
}
