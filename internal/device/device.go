package device

import (
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A Device is one device on its way through a program.
type Device struct {
	// CertificateID and CertificateARN are computed at first; answers of AWS replace them.
	CertificateID, CertificateARN string
	// PEM returns the leaf certificate; nil if only the ledger is at hand.
	PEM func() string
	// Wanted is what is wanted of this device alone; nil if it is that of the [Account].
	Wanted *Wanted
	// Status is the wanted status if it is not that of [Wanted]; else empty.
	Status iot.Status
	// Thing is the thing that the device is to become.
	Thing iot.Thing
	// Marked is when an earlier run marked the device, by AWS's clock; zero if none did.
	Marked time.Time
	// Recorded reports whether an earlier run recorded that it registered the certificate.
	Recorded bool
	// Absent reports whether the thing is known not to have existed before the import. LookUp finds it
	// out before the thing is created.
	Absent, LookUp bool

	registered bool // this import registered the certificate
	recovered  bool // it did so before this run, or in a call whose answer was lost
}

// Steps returns the steps to record for a device for which a runner made these:
// it adds a registration that this import made earlier.
func (d *Device) Steps(made []ledger.Step) []ledger.Step {
	if !d.recovered {
		return made
	}
	return append([]ledger.Step{{Operation: string(iot.RegisterCertificateWithoutCA), Created: true}}, made...)
}

// An Account is where programs work, and the state to which they bring devices.
// All devices of a run share it; none changes it.
type Account struct {
	AWS iot.AWS
	// Wanted is what is wanted of every device that has no [Device.Wanted].
	Wanted Wanted
	// Quotas decide how things join groups: AddThingToThingGroup for each, or
	// UpdateThingGroupsForThing for all of them.
	Quotas quota.Set
	// Links reads which thing has which certificate.
	Links *Links
}

// wanted returns what is wanted of a device.
func (a *Account) wanted(d *Device) *Wanted {
	if d.Wanted != nil {
		return d.Wanted
	}
	return &a.Wanted
}
