package manifest

import (
	"crypto/x509"
	"time"
)

// Options say how entries are decoded and judged. The zero value has the
// defaults that are right for a complete manifest of a known vendor.
type Options struct {
	// ThingName is the template of thing names; the zero Template is {cn}.
	ThingName Template
	// AllowExpired takes certificates whose validity has ended, with a warning.
	AllowExpired bool
	// Now is the time against which validity is held; the zero value is the current time.
	Now time.Time
	// Limits bound what is read; zero fields are the defaults of [DefaultLimits].
	Limits Limits
	// Start resumes in the middle of a manifest.
	Start Position
	// TempDir is where inner archives are spooled; empty is [os.TempDir].
	TempDir string

	// Signers are the certificates that may sign Microchip entries.
	Signers []*x509.Certificate
	// Slot is the key of a Microchip entry whose certificate is taken; empty
	// takes the only one that has a certificate.
	Slot string
	// Bundle is the certificate object of an Infineon archive: E0E0 (the
	// default), E0E1 or E0E2.
	Bundle string
}

// Position is a place between two entries of a manifest.
type Position struct {
	// Entry is the index that the next entry has.
	Entry int
	// Line is the line on which it begins; 0 is unknown or none.
	Line int
	// Offset is the byte offset at which it begins. 0 makes the decoder read
	// from the beginning and leave out the first Entry entries.
	Offset int64
}

func (o *Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}
