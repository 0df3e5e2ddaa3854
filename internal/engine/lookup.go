package engine

import (
	"context"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
)

// A lookUp observes devices, most of which may not exist. It saves calls by
// trusting the lists once they have proved right. It is safe for concurrent use.
type lookUp struct {
	session *session
	lists   *snapshot
	// complete reports whether the lists were read to their end.
	complete bool
	// trust decides whether the lists are believed. The first devices that are looked up are
	// the ones that matter: those right after the last device that an import registered.
	trust device.Trust
}

// observe returns the state of a device in AWS.
func (l *lookUp) observe(t *task, d *device.Device, do device.Stage) (device.Observed, error) {
	account := l.session.account
	if known := l.lists.known(t); known != nil {
		return device.Look(account, d, *known, do)
	}
	certificate, exists, err := l.findCertificate(t, d, do)
	if err != nil {
		return device.Observed{Registered: true}, err
	}
	if exists {
		return device.Look(account, d, device.Known{Certificate: certificate}, do)
	}
	thing, err := l.findThing(t, d, do)
	if err != nil || !thing {
		return device.Observed{}, err
	}
	have, err := device.Look(account, d, device.Known{
		Certificate: &iot.Certificate{ID: d.CertificateID, ARN: d.CertificateARN, Status: l.session.wanted(t).Status},
		Registered:  true,
	}, do)
	have.Registered = false
	return have, err
}

// believed reports whether what the lists do not show does not exist.
func (l *lookUp) believed() bool {
	return l.lists.stage() == snapshotReady && l.complete && l.trust.Believes()
}

// findCertificate reports whether the certificate of a device exists. The
// certificate is nil if only a list showed it, in another status than wanted.
func (l *lookUp) findCertificate(t *task, d *device.Device, do device.Stage) (*iot.Certificate, bool, error) {
	if l.lists.stage() == snapshotReady && l.lists.seen(t.number) {
		return nil, true, nil
	}
	if l.believed() {
		return nil, false, nil
	}
	var certificate iot.Certificate
	found := false
	err := do(device.Step{Operation: iot.DescribeCertificate, Do: func(c *call.Caller) (call.Result, error) {
		result, err := c.Do(iot.DescribeCertificate, func(ctx context.Context) (err error) {
			certificate, err = l.session.account.AWS.Certificates.DescribeCertificate(ctx, d.CertificateID)
			return err
		})
		if found = err == nil; iot.ClassOf(err) == iot.ClassNotFound {
			return result, nil
		}
		return result, device.FailureOf(err)
	}})
	if found {
		l.trust.Learn(false)
	}
	return &certificate, found, err
}

// findThing reports whether the thing of a device without a certificate exists.
func (l *lookUp) findThing(t *task, d *device.Device, do device.Stage) (bool, error) {
	listed := l.lists.stage() == snapshotReady && l.lists.sawThing(t.number)
	if l.believed() {
		return listed, nil
	}
	var thing *iot.Thing
	if err := do(device.DescribeThing(l.session.account, d, &thing)); err != nil {
		return false, device.FailureOf(err)
	}
	l.trust.Learn(l.lists.stage() != snapshotReady || (thing != nil) == listed)
	return thing != nil, nil
}
