package infineon

import (
	"bytes"
	"crypto/x509"

	"github.com/thingpress/thingpress/manifest"
)

// chipIDSize is the length of a chip ID in bytes.
const chipIDSize = 10

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
