package stack

import (
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// A Claim asks that an entry be the only one of its import with a thing name and a
// certificate.
type Claim struct {
	Entry         int
	ThingName     string
	CertificateID manifest.CertificateID
	// At is the time of the claim by AWS's clock: the mark of the entry's first call.
	At time.Time
}

// Claimed is the answer to a [Claim].
type Claimed struct {
	// Mine is set if the entry has both name and certificate, New if this call gave
	// it both.
	Mine, New bool
	// At is the time of the claim that stands, if it is Mine.
	At time.Time
	// ByName and ByCertificate are the entries that have the name and the
	// certificate; -1 for none.
	ByName, ByCertificate int
}
