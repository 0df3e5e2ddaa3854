package device

import (
	"errors"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons of failed devices. They are stable. If AWS refuses a call the reason is
// "aws-" and the error code, such as aws-CertificateValidationException.
const (
	ReasonConflictStatus        manifest.Reason = "conflict-status"
	ReasonConflictOtherThing    manifest.Reason = "conflict-certificate-on-other-thing"
	ReasonConflictOtherCert     manifest.Reason = "conflict-other-certificate"
	ReasonConflictThingType     manifest.Reason = "conflict-thing-type"
	ReasonConflictBillingGroup  manifest.Reason = "conflict-billing-group"
	ReasonConflictAttribute     manifest.Reason = "conflict-attribute"
	ReasonConflictExclusive     manifest.Reason = "conflict-exclusive"
	ReasonConflictThing         manifest.Reason = "conflict-thing"
	ReasonCertificateNotVisible manifest.Reason = "certificate-not-visible"
	ReasonUnanswered            manifest.Reason = "unanswered"
	ReasonUndeliverable         manifest.Reason = "undeliverable"
)

// A FailedError fails one device.
type FailedError struct {
	Reason manifest.Reason
	Err    error
	// Refused reports whether AWS refused a call; otherwise there is a
	// conflict. Many equal refusals in a row are a fault of the import.
	Refused bool
}

// Error returns the cause.
func (f *FailedError) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *FailedError) Unwrap() error { return f.Err }

// A KeptError ends the program of a later command that left something of a device as it is, for a
// reason. It is not a failure: nothing was refused, and running the command again would leave it again.
type KeptError struct {
	Reason manifest.Reason
	Err    error
}

// Error returns what was left and why.
func (k *KeptError) Error() string { return k.Err.Error() }

// Unwrap returns the cause.
func (k *KeptError) Unwrap() error { return k.Err }

// FailureOf turns the error of a call into the *[FailedError] of its device. It
// returns errors that are not the device's unchanged.
func FailureOf(err error) error {
	var failure *FailedError
	var kept *KeptError
	if err == nil || errors.As(err, &failure) || errors.As(err, &kept) || call.Final(err) {
		return err
	}
	var api *iot.APIError
	var exhausted *call.ExhaustedError
	unanswered := errors.As(err, &exhausted) && iot.ClassOf(err) == iot.ClassTransient
	if errors.As(err, &api) && api.Code != "" && !unanswered {
		return &FailedError{Reason: manifest.Reason("aws-" + api.Code), Err: err, Refused: true}
	}
	return &FailedError{Reason: ReasonUnanswered, Err: err}
}
