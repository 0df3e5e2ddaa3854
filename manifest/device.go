package manifest

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
)

// Names of the attributes that decoders set on a [Device]. A [Template] can use them as fields.
const (
	AttributeMAC        = "mac"         // Espressif: MAC address, twelve upper-case hex digits
	AttributeChipID     = "chip_id"     // Infineon: chip ID, twenty upper-case hex digits
	AttributeReelID     = "reel_id"     // Infineon: reel ID
	AttributeBundle     = "bundle"      // Infineon: certificate object, E0E0, E0E1 or E0E2
	AttributeUniqueID   = "unique_id"   // Microchip: serial number of the chip, eighteen lower-case hex digits
	AttributePartNumber = "part_number" // Microchip: part number
	AttributeSlot       = "slot"        // Microchip: slot of the certificate's key
	AttributeUID        = "uid"         // NXP: UID of the chip in lower-case hex digits
	AttributeLabel      = "label"       // NXP: label of the certificate
	AttributeTPMMAC     = "tpm_mac"     // Infineon TPM: identity of the module
)

// A Device is decoded from a good entry of a manifest.
type Device struct {
	// Vendor is the format of the manifest, such as "espressif".
	Vendor string
	// Manifest is the name of the manifest, as in [Input].
	Manifest string
	// Member is the file that has the entry, in a manifest that is a container: the
	// path in an archive or a directory. It is empty for all others.
	Member string
	// Entry is the position in the manifest, from 0.
	Entry int
	// Line is the line of the manifest or its member on which the entry begins, from
	// 1; 0 if the format has no lines.
	Line int
	// End is the byte offset after the entry, at which [Options.Start] can resume;
	// 0 if the format cannot be resumed in the middle.
	End int64

	// ID is the vendor's identity of the chip: MAC, unique ID or chip ID. If the
	// format has none it is the certificate's CN, or empty.
	ID string
	// IDIsCN is set if ID is the certificate's CN, and so does not identify a chip.
	IDIsCN bool
	// ThingName is the expanded [Options.ThingName], by default the CN.
	ThingName string
	// Certificate is the leaf certificate; never nil.
	Certificate *x509.Certificate
	// CertificateID is the ID of Certificate.
	CertificateID CertificateID
	// Signer is the ID of the certificate that signed the entry; zero in formats
	// without signatures.
	Signer CertificateID
	// Attributes has the other data that the manifest contains about the device.
	Attributes map[string]string
	// Columns are the cells of the entry in order, if the manifest is a table.
	Columns []Column
	// Settings has what the entry asks for its own device; nil if it asks for nothing.
	Settings *Settings
	// Warnings has oddities for which the entry is not rejected.
	Warnings []Warning
}

// Settings are what one entry of a manifest asks for its own device in AWS IoT Core: the
// cells of a table whose columns name policies, groups and the like, or the members of an
// object in JSON. The zero value of a
// field asks for nothing. A decoder sets them as they were written and checks no names,
// limits or statuses. It may share one value between devices that ask for the same, so
// nobody changes a value after the decoder has returned it.
type Settings struct {
	// Policies and ThingGroups are names, in the order of the entry.
	Policies, ThingGroups []string
	// ThingType, BillingGroup and Status are names; "" if the entry says nothing.
	ThingType, BillingGroup, Status string
	// Attributes are values of attributes of the thing. Unlike [Device.Attributes], which
	// only describe the device, they are written to the thing.
	Attributes map[string]string
}

// VendorID returns the vendor's identity of the chip, or "" if the manifest has none.
func (d *Device) VendorID() string {
	if d.IDIsCN {
		return ""
	}
	return d.ID
}

// A Warning is an oddity of an entry that is accepted anyway.
type Warning struct {
	Code   Reason `json:"code"`
	Detail string `json:"detail"`
}

// Warn adds a warning.
func (d *Device) Warn(code Reason, detail string) {
	d.Warnings = append(d.Warnings, Warning{Code: code, Detail: detail})
}

// PEM returns the leaf certificate as one canonical PEM block. The manifest's own
// text, with its line ends and its chain, is never passed on.
func (d *Device) PEM() string {
	var b bytes.Buffer
	// Writing to a bytes.Buffer cannot fail, and there are no headers that Encode could refuse.
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate.Raw})
	return b.String()
}
