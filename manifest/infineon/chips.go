package infineon

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"

	"github.com/thingpress/thingpress/manifest"
)

// chipIDSize is the length of a chip ID in bytes.
const chipIDSize = 10

// chips remembers the certificate of each chip, by the beginning of its fingerprint.
type chips struct{ seen map[[chipIDSize]byte][8]byte }

// checkChip rejects a chip that occurred before with another certificate. The
// caller handles a repeated certificate.
func (c *chips) checkChip(device *manifest.Device) error {
	if c.seen == nil {
		c.seen = map[[chipIDSize]byte][8]byte{}
	}
	var id [chipIDSize]byte
	_, _ = hex.Decode(id[:], []byte(device.ID)) // the ID was checked
	fingerprint := [8]byte(device.CertificateID[:8])
	earlier, again := c.seen[id]
	if again && earlier != fingerprint {
		return manifest.Errorf(manifest.ReasonContradiction, "an earlier file of the bundle has the same chip ID and another certificate")
	}
	c.seen[id] = fingerprint
	return nil
}

// staticName is the CN of every certificate of the Trust M V1 and V3.
const staticName = "Infineon IoT Node"

// names detects certificates that share one CN.
type names struct {
	first *x509.Certificate
	done  bool
}

// checkName rejects chips that are not of the Express kind: all their certificates
// have the same CN, which cannot name things. One such CN is known; others are
// detected from the first two certificates.
func (n *names) checkName(leaf *x509.Certificate) error {
	name := leaf.Subject.CommonName
	switch {
	case name == staticName:
	case n.first == nil:
		n.first = leaf
		return nil
	case n.done || bytes.Equal(n.first.Raw, leaf.Raw) || n.first.Subject.CommonName != name || isExpressName(name):
		n.done = n.done || !bytes.Equal(n.first.Raw, leaf.Raw)
		return nil
	}
	return manifest.Errorf(manifest.ReasonNotExpress,
		"the chips are not OPTIGA Trust M Express: their certificates share the common name %s, which cannot tell things apart",
		manifest.Quote(name))
}

// isExpressName reports whether a CN has the form of Express chips.
func isExpressName(name string) bool { return len(name) == 64 && isHex(name) }
