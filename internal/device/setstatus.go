package device

import (
	"context"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// ReasonCertificateGone is the reason of a device whose certificate was deleted after the import.
const ReasonCertificateGone manifest.Reason = "certificate-gone"

// SetStatus sets the status of a certificate to ACTIVE or INACTIVE. A certificate with any other status
// is a conflict, because AWS IoT lets nobody take that back. The error is that of
// [Import].
func SetStatus(a *Account, d *Device, status iot.Status, do Stage) error {
	certificate, err := findCertificate(a, d, do)
	switch {
	case err != nil:
		return FailureOf(err)
	case certificate == nil:
		return conflictError(ReasonCertificateGone, "the certificate does not exist any more")
	case certificate.Status == status:
		return nil
	case certificate.Status != iot.StatusActive && certificate.Status != iot.StatusInactive:
		return conflictError(ReasonConflictStatus, "the certificate is %s; %s was asked for", certificate.Status, status)
	}
	return FailureOf(do(setStatus(a, d, status)))
}

// Disconnect ends the session of a device whose client ID is the name of its thing. A device without one
// is left as it is. The error is that of [Import].
func Disconnect(sessions iot.Sessions, d *Device, do Stage) error {
	err := do(Step{
		Operation: iot.DeleteConnection, Effect: Ensures, Resources: []string{d.Thing.Name},
		Parameters: map[string]any{"clientId": d.Thing.Name},
		Do:         once(iot.DeleteConnection, func(ctx context.Context) error { return sessions.DeleteConnection(ctx, d.Thing.Name) }),
	})
	if iot.ClassOf(err) == iot.ClassNotFound {
		return nil
	}
	return FailureOf(err)
}

func setStatus(a *Account, d *Device, status iot.Status) Step {
	return Step{
		Operation: iot.UpdateCertificate, Effect: Ensures, Resources: []string{string(status)},
		Parameters: map[string]any{"certificateId": d.CertificateID, "newStatus": string(status)},
		Do: once(iot.UpdateCertificate, func(ctx context.Context) error {
			return a.AWS.Certificates.UpdateCertificate(ctx, d.CertificateID, status)
		}),
	}
}

// findCertificate reads a certificate that may not exist; it is nil then.
func findCertificate(a *Account, d *Device, do Stage) (*iot.Certificate, error) {
	var found *iot.Certificate
	err := do(lookUpCertificate(a, d.CertificateID, &found))
	return found, err
}

// lookUpCertificate returns the step that reads a certificate into found; it sets nil if there is none.
func lookUpCertificate(a *Account, id string, found **iot.Certificate) Step {
	return Step{
		Operation: iot.DescribeCertificate, Parameters: map[string]any{"certificateId": id},
		Do: func(c *call.Caller) (call.Result, error) {
			var read iot.Certificate
			result, err := c.Do(iot.DescribeCertificate, func(ctx context.Context) (err error) {
				read, err = a.AWS.Certificates.DescribeCertificate(ctx, id)
				return err
			})
			if *found = nil; err == nil {
				*found = &read
			}
			if iot.ClassOf(err) == iot.ClassNotFound {
				err = nil
			}
			return result, err
		},
	}
}
