package engine

import (
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A task is one device that is to be imported.
type task struct {
	number int // among all entries of the import
	place  ledger.Place
	device manifest.Device
	thing  iot.Thing // what is wanted of the thing
	order  int       // in which devices are begun
	// marked is the mark of an earlier run, and created that an earlier run
	// recorded to have registered the certificate.
	marked  time.Time
	created bool
}

func (t *task) mark(at time.Time) ledger.Mark {
	return ledger.Mark{Place: t.place, CertificateID: t.device.CertificateID, ThingName: t.device.ThingName, At: at}
}

// record is the outcome of the task's entry.
func (t *task) record(outcome ledger.Outcome) ledger.Record {
	return ledger.Record{
		Place: t.place, Line: t.device.Line, Outcome: outcome,
		ID: t.device.ID, ThingName: t.device.ThingName, CertificateID: t.device.CertificateID,
		At: time.Now(),
	}
}
