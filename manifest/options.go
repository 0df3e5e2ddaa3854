package manifest

import (
	"crypto/x509"
	"time"
)

// Options configure how entries are decoded and checked. The zero value suits a
// complete manifest of a known vendor.
type Options struct {
	// ThingName is the template of thing names; the zero Template is {cn}, or
	// what the entries of pem-json say.
	ThingName Template
	// AllowExpired accepts expired certificates, with a warning.
	AllowExpired bool
	// AllowCA accepts devices whose certificates are those of authorities, with a
	// warning, such as the self-signed ones of openssl req -x509. An authority that
	// issued another entry of the manifest is rejected all the same, so that the
	// manifest is read once more. Issuers that follow a device are not concerned.
	AllowCA bool
	// Now is the time at which certificates must be valid; the zero value is the current time.
	Now time.Time
	// Limits bound what is read; zero fields have the values of [DefaultLimits].
	Limits Limits
	// Start resumes in the middle of a manifest.
	Start Position
	// TempDir is the directory for spooled inner archives; if empty, [os.TempDir].
	TempDir string

	// Signers are the certificates that may sign Microchip entries.
	Signers []*x509.Certificate
	// AllowLateSignature accepts entries that were provisioned after their signer's
	// validity, with a warning.
	AllowLateSignature bool
	// Slot is the key of a Microchip entry whose certificate is used. If it is
	// empty, exactly one key must have a certificate.
	Slot string
	// Bundle is the certificate object of an Infineon archive: E0E0 (the
	// default), E0E1 or E0E2.
	Bundle string
	// Columns say what the columns of a table hold. If they are zero, only the known
	// tables are read.
	Columns Columns
	// Delimiter separates the cells of a table; 0 if the header tells it.
	Delimiter byte
	// Label is the label of the certificate of an NXP device that is used. If it is empty,
	// exactly one must not be NXP's own.
	Label string
	// Index is the number of the certificate in a group of a TPM file that is used, from 1. If it
	// is empty, the group must have one.
	Index string
	// JSONPointer leads to the certificates in JSON (RFC 6901), with * for every element of an array
	// and every member of an object. If it is empty, the first certificate in PEM shows where they are.
	JSONPointer string
}

// Position is a place between two entries of a manifest.
type Position struct {
	// Entry is the index of the next entry.
	Entry int
	// Line is the line on which it begins; 0 if unknown or none.
	Line int
	// Offset is the byte offset at which it begins. If it is 0, the decoder reads
	// from the beginning and skips the first Entry entries.
	Offset int64
}

func (o *Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// CheckJSONPointer returns an error if text cannot be the value of [Options.JSONPointer].
func CheckJSONPointer(text string) error {
	if text != "" && text[0] != '/' {
		return Errorf(ReasonMalformedEntry, "the JSON pointer %s does not begin with a slash", Quote(text))
	}
	return nil
}
