// Package azure reads lists of the devices that Azure knows: individual enrollments of the Device Provisioning
// Service, and devices of an IoT Hub. They name certificates by their thumbprints and hardly ever have them.
//
// # Lists
//
// Of the Device Provisioning Service, what az iot dps enrollment list and enrollment show print. Of an IoT Hub, the
// devices.txt of an export job, and what az iot hub device-identity list and a query of device twins print. A list is a
// JSON array, one object, or several objects one after the other. Names of members match without regard to case,
// because APIs of different ages write them differently. Other members of a record are passed over.
//
// # Keys
//
// Lists can have the symmetric keys of devices. They are passed over like everything else that is not needed: no
// [Record] and no error has one.
package azure

import (
	"context"
	"crypto/x509"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// A Service is the service of Azure that wrote a list.
type Service string

// Services.
const (
	DPS Service = "azure-dps"    // the Device Provisioning Service
	Hub Service = "azure-iothub" // IoT Hub
)

// Services returns all services.
func Services() []Service { return []Service{DPS, Hub} }

// A Proof is how a device proves to Azure who it is.
type Proof string

// Proofs.
const (
	ProofThumbprint   Proof = "thumbprint"    // its own certificate, known by its thumbprint or whole
	ProofAuthority    Proof = "authority"     // any certificate of an authority, such as those of an enrollment group
	ProofSymmetricKey Proof = "symmetric-key" // a shared key (SAS)
	ProofTPM          Proof = "tpm"           // the endorsement key of a TPM
	ProofNone         Proof = "no-proof"      // nothing: no thumbprint, or authentication of type none
)

// A Record is one device of a list.
type Record struct {
	// Entry is the position in the list, from 0, and Line the line on which the record begins, from 1.
	Entry, Line int
	// Service is the service whose record has this form.
	Service Service
	// RegistrationID is that of an enrollment, or the ID of an enrollment group. DeviceID is the ID in an IoT
	// Hub; of an enrollment it may be empty, and then is the registration ID.
	RegistrationID, DeviceID string
	// Module is set for the identity of a module of the device, which is not a device.
	Module bool
	// Disabled is set if Azure does not let the device connect.
	Disabled bool
	Proof    Proof
	// Primary and Secondary are the certificates of ProofThumbprint, of which at least one is not zero.
	Primary, Secondary Slot
}

// A Slot is one of the two places for a certificate. The zero Slot is empty.
type Slot struct {
	Thumbprint Thumbprint
	// Certificate is nil unless the list has it. Its thumbprint is then the SHA-256 one.
	Certificate *x509.Certificate
}

// Name returns the ID that the device has in an IoT Hub.
func (r *Record) Name() string {
	if r.DeviceID != "" {
		return r.DeviceID
	}
	return r.RegistrationID
}

// Records yields the records of a list in order. A *[manifest.EntryError] concerns one record, of which Entry and
// Line are valid; any other error ends the list. It reads the list as a stream, and takes memory for one record.
// Concurrent calls need inputs of their own.
func Records(ctx context.Context, in manifest.Input, limits manifest.Limits) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var record Record
		entries := stream.Decode(ctx, "", in, manifest.Options{Limits: limits}, func(f *stream.Frame) error {
			var r reader
			return objects.Entries(f, path, func(e objects.Entry) error {
				record = Record{Entry: f.Entry, Line: e.Line}
				d := f.Device(e.Line, e.End)
				err := r.record(e.Raw, &record)
				who := ""
				if d.ID = record.Name(); d.ID != "" {
					who = "device " + manifest.Quote(d.ID)
				}
				return f.Emit(d, who, err)
			})
		})
		for _, err := range entries {
			if !yield(record, err) {
				return
			}
		}
	}
}

// path leads to the records, which are in an array or at the top.
func path(head []byte) ([]string, error) {
	switch head[0] {
	case '[':
		return []string{objects.Each}, nil
	case '{':
		return nil, nil
	}
	return nil, manifest.Errorf(manifest.ReasonUnknownFormat, "a list of Azure is JSON; this begins with %s", manifest.Quote(string(head[:1])))
}
