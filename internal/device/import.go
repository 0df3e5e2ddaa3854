package device

import (
	"cmp"
	"errors"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
)

// Met is what the registration of a certificate met in AWS.
type Met int

// Values of Met.
const (
	MetUnknown  Met = iota // the certificate was not registered now, or may be this import's
	MetNew                 // the certificate is new to AWS
	MetExisting            // somebody registered it before this import
)

// Import makes a device able to connect. If known is nil it registers the
// certificate without reading anything first: most devices are new to AWS, and
// every read would be wasted. If lists have shown the device, known is what they
// show.
//
// The error is a *[FailedError], a *[call.StopError], or wraps [call.ErrEnded].
func Import(a *Account, d *Device, known *Known, do Stage) (Met, error) {
	if known != nil {
		return MetUnknown, FailureOf(reconcile(a, d, *known, do))
	}
	var lost time.Time
	err := do(registerCertificate(a, d, &lost))
	var api *iot.APIError
	switch {
	case err == nil:
		d.registered = true
		return MetNew, FailureOf(completeNew(a, d, do))
	case iot.ClassOf(err) == iot.ClassExists && errors.As(err, &api):
		met, err := continueExisting(a, d, api, lost, do)
		return met, FailureOf(err)
	}
	return MetUnknown, FailureOf(err)
}

// continueExisting goes on with a certificate that exists according to AWS. This
// import registered it if calls for the device may have been made before, and if
// the certificate is not older than the first of them. In doubt it is not ours.
func continueExisting(a *Account, d *Device, api *iot.APIError, lost time.Time, do Stage) (Met, error) {
	d.CertificateID, d.CertificateARN = cmp.Or(api.ResourceID, d.CertificateID), cmp.Or(api.ResourceARN, d.CertificateARN)
	since := d.Marked
	if since.IsZero() {
		since = lost
	}
	if since.IsZero() && !d.Recorded {
		return MetExisting, reconcile(a, d, Known{}, do)
	}
	var certificate iot.Certificate
	if err := do(describeCertificate(a, d, &certificate)); err != nil {
		return MetUnknown, err
	}
	if d.Recorded || !certificate.Created.IsZero() && !certificate.Created.Before(since.Add(-clockSlack)) {
		d.registered, d.recovered = true, true
		if certificate.Status == a.wanted(d).Status {
			return MetUnknown, completeNew(a, d, do)
		}
	}
	return MetUnknown, reconcile(a, d, Known{Certificate: &certificate}, do)
}

// clockSlack allows for AWS's times, which are whole seconds.
const clockSlack = time.Second

// completeNew goes on with a certificate that this import registered.
func completeNew(a *Account, d *Device, do Stage) error {
	if d.LookUp {
		var thing *iot.Thing
		if err := do(DescribeThing(a, d, &thing)); err != nil {
			return err
		}
		d.Absent = thing == nil
	}
	err := do(createThing(a, d))
	switch {
	case err == nil:
		return do(attachments(a, d, everything(a.wanted(d)))...)
	case iot.ClassOf(err) == iot.ClassExists:
		return reconcile(a, d, Known{
			Certificate: &iot.Certificate{ID: d.CertificateID, ARN: d.CertificateARN, Status: a.wanted(d).Status},
			Registered:  true,
		}, do)
	}
	return err
}
