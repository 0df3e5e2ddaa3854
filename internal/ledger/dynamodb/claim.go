package dynamodb

import "time"

// A Claim asks for an entry's thing name and certificate, which only one entry
// of an import can have.
type Claim struct {
	Entry                    int
	ThingName, CertificateID string
	// At is the time of the claim, by AWS's clock.
	At time.Time
}

// A Claimed is the answer to a [Claim].
type Claimed struct {
	// At is when the entry claimed both first; zero where it has not got both.
	At time.Time
	// Mine says that the entry has both, and New that this call made it so.
	Mine, New bool
	// ByName and ByCertificate are the entries that have each.
	ByName, ByCertificate int
}
