package device

import (
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A Device is one device on its way through a program.
type Device struct {
	// CertificateID and CertificateARN are computed, and replaced by what AWS answers.
	CertificateID, CertificateARN string
	// PEM returns the leaf certificate.
	PEM func() string
	// Thing is what is wanted of the thing.
	Thing iot.Thing
	// Marked is when an earlier run marked the device, by AWS's clock; zero if none did.
	Marked time.Time
	// Recorded reports whether an earlier run recorded that it registered the certificate.
	Recorded bool

	registered bool // this import registered the certificate
	recovered  bool // it did so before this run, or in a call whose answer was lost
}

// Steps returns what the ledger is to hold of a device for which a runner made
// these steps: a registration that was found to be this import's is one of them.
func (d *Device) Steps(made []ledger.Step) []ledger.Step {
	if !d.recovered {
		return made
	}
	return append([]ledger.Step{{Operation: string(iot.RegisterCertificateWithoutCA), Created: true}}, made...)
}

// An Account is where programs work, and what they bring devices to. It is
// shared by all devices of a run and not changed by them.
type Account struct {
	AWS    iot.AWS
	Wanted Wanted
	// GroupOperation is how things join groups: AddThingToThingGroup for each,
	// or UpdateThingGroupsForThing for all of them.
	GroupOperation iot.Operation
	// Links reads which thing has which certificate.
	Links *Links
}
