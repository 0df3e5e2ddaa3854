package microchip

import (
	"crypto/x509"
	"fmt"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
)

// issuers caches the certificates that follow leaves in x5c: a reel has few of
// them, and each occurs in thousands of entries. It finds chains by their text in
// the manifest, so that a known one is neither decoded nor parsed. It is not safe
// for concurrent use.
type issuers struct {
	chains map[string][]*x509.Certificate
	key    []byte
}

// maxChains bounds the memory of the cache for any manifest.
const maxChains = 64

// chain parses the certificates after a leaf, and checks that each is signed by the next.
func (s *issuers) chain(texts [][]byte) ([]*x509.Certificate, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	s.key = s.key[:0]
	for _, text := range texts {
		s.key = append(append(s.key, text...), ',')
	}
	if chain, ok := s.chains[string(s.key)]; ok {
		return chain, nil
	}
	chain := make([]*x509.Certificate, len(texts))
	for i, text := range texts {
		der, err := armour.Base64(text)
		if err != nil {
			return nil, manifest.Errorf(manifest.ReasonBadEncoding, "x5c: certificate %d is not base64: %w", i+1, err)
		}
		if chain[i], err = parseCertificate(der); err != nil {
			return nil, fmt.Errorf("x5c: an issuer: %w", err)
		}
	}
	for i := range chain[1:] {
		if err := checkIssued(chain[i], chain[i+1]); err != nil {
			return nil, err
		}
	}
	if s.chains == nil || len(s.chains) >= maxChains {
		s.chains = make(map[string][]*x509.Certificate, maxChains)
	}
	s.chains[string(s.key)] = chain
	return chain, nil
}
