package stack

import (
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// A Claim asks that an entry be the only one of its import with a vendor ID, a
// certificate and a thing name.
type Claim struct {
	Entry int
	// VendorID is empty if the entry has none; then it is not claimed.
	VendorID      string
	ThingName     string
	CertificateID manifest.CertificateID
	// Alone is set if no other entry of the manifest has any of the three. Then they are
	// not claimed, only the entry itself.
	Alone bool
	// At is the time of the claim by AWS's clock: the mark of the entry's first call.
	At time.Time
}

// Won returns the answer to a new claim that gets everything.
func (c *Claim) Won() Claimed {
	mine := Owner{Entry: c.Entry, VendorID: c.VendorID}
	answer := Claimed{Mine: true, New: true, At: c.At, ByID: Nobody, ByName: mine, ByCertificate: mine}
	if c.VendorID != "" {
		answer.ByID = mine
	}
	return answer
}

// Claimed is the answer to a [Claim].
type Claimed struct {
	// Mine is set if the entry has everything that it claims, New if this call gave it
	// that.
	Mine, New bool
	// At is the time of the claim that stands, if it is Mine.
	At time.Time
	// ByID, ByName and ByCertificate are the owners of the vendor ID, the name and the
	// certificate.
	ByID, ByName, ByCertificate Owner
}

// An Owner is the entry that has something that another one claims.
type Owner struct {
	// Entry is -1 if nobody has it.
	Entry int
	// VendorID is empty if the entry has none, or if a version that did not record it
	// made the claim.
	VendorID string
}

// Nobody owns what is not claimed.
var Nobody = Owner{Entry: -1}
