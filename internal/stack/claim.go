package stack

import (
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// A Claim is the wish of an entry to be the one that has a thing name and a
// certificate in its import.
type Claim struct {
	Entry         int
	ThingName     string
	CertificateID manifest.CertificateID
	// At is the time of the claim by AWS's clock: the mark of the entry's first call.
	At time.Time
}

// Claimed is what became of a [Claim].
type Claimed struct {
	// Mine is set if the entry has both name and certificate, New if this call
	// gave them to it.
	Mine, New bool
	// At is the time of the claim that stands, if it is Mine.
	At time.Time
	// ByName and ByCertificate are the entries that have the name and the
	// certificate; -1 for none.
	ByName, ByCertificate int
}
