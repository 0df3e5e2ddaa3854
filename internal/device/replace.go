package device

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons of devices whose certificate is being replaced. They are stable.
const (
	ReasonNoThing       manifest.Reason = "no-thing"           // nothing to replace a certificate of
	ReasonNoCertificate manifest.Reason = "nothing-to-replace" // the thing has none
	ReasonInGrace       manifest.Reason = "in-grace"           // the old certificate stays for now
	ReasonReplaceDue    manifest.Reason = "replacement-due"    // the old certificate can be removed now
)

// A Replacement sets how long the old certificate of a device stays.
type Replacement struct {
	// Grace is how long the old certificate stays after the new one was attached.
	Grace time.Duration
	// Begun is when the command began: the grace is not over earlier, even if the new certificate has been
	// registered for longer.
	Begun time.Time
}

// Replace registers a new certificate for an existing thing and attaches it with the policies of the old
// one, which it leaves as it is. It records the old certificate, as [Replaced] returns it. The *[KeptError]
// then has [ReasonInGrace] or [ReasonReplaceDue]; the error is nil if the thing has no other certificate any
// more. Otherwise it is that of [Import].
func Replace(a *Account, d *Device, r Replacement, do Stage) error {
	old, certificate, lack, err := lookForReplace(a, d, do)
	if err != nil || old == "" {
		return FailureOf(err)
	}
	since := a.AWS.Now()
	if certificate != nil {
		d.registered = d.Recorded || !d.Marked.IsZero() && !certificate.Created.Before(d.Marked.Add(-clockSlack))
		d.recovered = d.registered
		since = certificate.Created
	} else if err := registerNew(a, d, do); err != nil {
		return FailureOf(err)
	}
	if since.Before(r.Begun) {
		since = r.Begun
	}
	note := Step{
		Operation: iot.ListThingPrincipals, Effect: Ensures, Resources: []string{certificateOf(old)},
		Do: func(*call.Caller) (call.Result, error) { return call.Result{}, nil },
	}
	if err := do(append(attachments(a, d, lack), note)...); err != nil {
		return FailureOf(err)
	}
	until := since.Add(r.Grace)
	if r.Grace > 0 && a.AWS.Now().Before(until) { // clocks differ by less than a second
		return &KeptError{ReasonInGrace, fmt.Errorf("certificate %s stays attached and ACTIVE until %s", certificateOf(old),
			until.UTC().Format(time.RFC3339))}
	}
	return &KeptError{ReasonReplaceDue, fmt.Errorf("certificate %s can be removed now", certificateOf(old))}
}

// lookForReplace returns the ARN of the old certificate of a thing, the new certificate, which is nil if it
// is not registered, and what that lacks. The ARN is empty if there is nothing to replace any more.
func lookForReplace(a *Account, d *Device, do Stage) (old string, certificate *iot.Certificate, lack lacking, err error) {
	var thing *iot.Thing
	var principals, things []iot.Link
	look := func() error {
		return do(DescribeThing(a, d, &thing), a.Links.step(ofThing, d.Thing.Name, &principals),
			lookUpCertificate(a, d.CertificateID, &certificate))
	}
	if err = look(); err == nil && certificate == nil && d.Recorded {
		// It was deleted since, or has another ID here than the SHA-256, as moto gives it.
		if err = registerNew(a, d, do); err == nil {
			err = look()
		}
	}
	if err != nil {
		return "", nil, lack, err
	}
	lack.link = true
	var others []string
	for _, link := range principals {
		switch {
		case link.Name == d.CertificateARN:
			lack.link = false
		case strings.Contains(link.Name, ":cert/"):
			others = append(others, link.Name)
		}
	}
	switch {
	case thing == nil:
		err = conflictError(ReasonNoThing, "thing %s does not exist", d.Thing.Name)
	case certificate != nil && certificate.Status != iot.StatusActive:
		err = conflictError(ReasonConflictStatus, "the new certificate is %s; ACTIVE was asked for", certificate.Status)
	case len(others) > 1:
		err = conflictError(ReasonConflictOtherCert, "the thing has %d other certificates; it is not known which is to be replaced", len(others))
	case len(others) == 0 && lack.link:
		err = conflictError(ReasonNoCertificate, "the thing has no certificate whose policies the new one could get")
	}
	if err != nil || len(others) == 0 {
		return "", certificate, lack, err
	}
	var wanted, have []string
	reads := []Step{listAttachedPolicies(a, &Device{CertificateARN: others[0]}, &wanted)}
	if certificate != nil {
		reads = append(reads, listAttachedPolicies(a, d, &have), a.Links.step(ofCertificate, d.CertificateARN, &things))
	}
	if err := do(reads...); err != nil {
		return "", certificate, lack, err
	}
	lack.policies = missing(wanted, have)
	for _, link := range things {
		if link.Name != d.Thing.Name {
			return "", certificate, lack, conflictError(ReasonConflictOtherThing, "the new certificate is attached to thing %s", link.Name)
		}
	}
	return others[0], certificate, lack, nil
}

// registerNew registers the new certificate. It exists already if the answer to a first attempt was lost.
func registerNew(a *Account, d *Device, do Stage) error {
	var lost time.Time
	err := do(registerCertificate(a, d, &lost))
	var api *iot.APIError
	if iot.ClassOf(err) == iot.ClassExists && errors.As(err, &api) && (d.Recorded || !lost.IsZero()) {
		d.CertificateID, d.CertificateARN = cmp.Or(api.ResourceID, d.CertificateID), cmp.Or(api.ResourceARN, d.CertificateARN)
		d.registered, d.recovered = true, true
		return nil
	}
	d.registered = err == nil
	return err
}

func certificateOf(arn string) string {
	_, id, _ := strings.Cut(arn, ":cert/")
	return id
}

// Replaced returns the ID of the old certificate that [Replace] recorded, or an empty string.
func Replaced(steps []ledger.Step) string {
	for _, step := range steps {
		if step.Operation == string(iot.ListThingPrincipals) {
			return step.Resource
		}
	}
	return ""
}

// RemoveReplaced detaches, deactivates and deletes the certificate with the ID old, after the certificate of
// the device has taken its place. It removes nothing unless that is ACTIVE and attached to the thing. The
// error is that of [Undo].
func RemoveReplaced(a *Account, d *Device, old string, do Stage) error {
	was := &Device{CertificateID: old, CertificateARN: strings.TrimSuffix(d.CertificateARN, d.CertificateID) + old, Thing: d.Thing}
	var current *iot.Certificate
	var policies []string
	var things []iot.Link
	err := do(lookUpCertificate(a, d.CertificateID, &current), awaitLink(a, d),
		listAttachedPolicies(a, was, &policies), a.Links.step(ofCertificate, was.CertificateARN, &things))
	switch {
	case err != nil:
		return FailureOf(err)
	case current == nil:
		return conflictError(ReasonCertificateGone, "the new certificate does not exist any more; the old one is kept")
	case current.Status != iot.StatusActive:
		return conflictError(ReasonConflictStatus, "the new certificate is %s; the old one is kept", current.Status)
	}
	var steps []Step
	elsewhere := ""
	for _, link := range things {
		if link.Name == d.Thing.Name {
			steps = append(steps, detachThing(a, was.CertificateARN, link.Name))
		} else {
			elsewhere = link.Name
		}
	}
	if elsewhere != "" {
		if err := do(steps...); err != nil {
			return FailureOf(err)
		}
		return &KeptError{ReasonKeptInUse, fmt.Errorf("certificate %s: it is attached to thing %s as well", old, elsewhere)}
	}
	for _, policy := range policies {
		steps = append(steps, detachPolicy(a, was, policy))
	}
	if err := do(steps...); err != nil {
		return FailureOf(err)
	}
	// A revoked certificate cannot be deactivated, and can be deleted all the same.
	if err := do(setStatus(a, was, iot.StatusInactive)); err != nil && call.Final(err) {
		return err
	}
	return FailureOf(do(deleteCertificate(a, was)))
}

// errNotAttached is how a list that does not show the new certificate yet is tried again.
var errNotAttached = &iot.APIError{
	Operation: string(iot.ListThingPrincipals), Message: "the new certificate is not attached to the thing", Class: iot.ClassNotFound,
}

// awaitLink returns the step that reads the certificates of a thing until the one of the device is among
// them: lists show late what was attached a moment ago.
func awaitLink(a *Account, d *Device) Step {
	op := iot.ListThingPrincipals
	listed := func(ctx context.Context) error {
		for token := ""; ; {
			page, next, err := a.AWS.Principals.ListThingPrincipals(ctx, d.Thing.Name, token)
			switch {
			case err != nil:
				return err
			case slices.ContainsFunc(page, func(l iot.Link) bool { return l.Name == d.CertificateARN }):
				return nil
			case next == "":
				return errNotAttached
			}
			token = next
		}
	}
	return Step{
		Operation: op, Parameters: map[string]any{"thingName": d.Thing.Name},
		Do: func(c *call.Caller) (call.Result, error) {
			result, err := c.DoUntilFound(op, listed)
			if iot.ClassOf(err) == iot.ClassNotFound {
				err = &FailedError{Reason: ReasonCertificateNotVisible, Err: err}
			}
			return result, err
		},
	}
}
