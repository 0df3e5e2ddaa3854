package engine

import (
	"errors"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/manifest"
)

// Reasons of failed devices. They are stable. What AWS refuses has the reason
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

// Reasons of skipped entries.
const (
	ReasonRepeated manifest.Reason = "repeated"
	ReasonFiltered manifest.Reason = "filtered"
)

// A ReasonText explains a reason.
type ReasonText struct {
	Reason manifest.Reason
	// Meaning and Todo are sentences for operators.
	Meaning, Todo string
}

var reasonTexts = [...]ReasonText{
	{ReasonConflictStatus, "the certificate is registered with another status than --status", "--adopt activates INACTIVE certificates; REVOKED ones are final"},
	{ReasonConflictOtherThing, "the certificate is attached to another thing", "detach it there if that is wrong, or attach it here as well with --adopt"},
	{ReasonConflictOtherCert, "the thing has another certificate", "detach the other certificate if that is wrong, or attach this one beside it with --adopt"},
	{ReasonConflictThingType, "the thing exists with another thing type", "set the type with --adopt, or import with the type that it has"},
	{ReasonConflictBillingGroup, "the thing is in another billing group, or in none", "--adopt puts a thing without one into it; take it out of the other group first"},
	{ReasonConflictAttribute, "the thing exists with another value of an attribute", "set the values with --adopt, or import with those that it has"},
	{ReasonConflictExclusive, "the certificate cannot be attached to this thing exclusively", "detach it from the other things, or import without --exclusive"},
	{ReasonConflictThing, "AWS says that the thing exists with another configuration, but shows none", "look at the thing and run the import again"},
	{ReasonCertificateNotVisible, "AWS says that the certificate exists but does not show it", "it may belong to another account of this region: look there, or ask AWS support"},
	{ReasonUnanswered, "calls for the device were not answered for ten minutes while others were", "run the same command again"},
	{ReasonUndeliverable, "the stack gave the device up: its message was handed back for ten days, or could not be handled at all", "put the cause in the detail right; then move its message back with thingpress stack redrive, or upload the manifest again"},
	{"aws-CertificateValidationException", "AWS does not accept the certificate", "look at it with: thingpress inspect"},
	{"aws-CertificateConflictException", "AWS cannot tell which CA issued the certificate", "register it without its CA"},
	{"aws-LimitExceededException", "a limit of this certificate or thing is reached, such as 10 policies on a certificate", "detach what it does not need"},
	{"aws-InvalidRequestException", "AWS does not accept a value of this device", "read the detail; AWS names the value"},
	{"aws-ResourceNotFoundException", "the certificate or thing was deleted while it was being imported", "run the same command again"},
	{"aws-CertificateStateException", "the certificate's status does not allow the call", "look at the certificate"},
	{"aws-VersionConflictException", "somebody else keeps changing the thing", "run the same command again"},
}

// FailureReasons explains the reasons of failed devices, in the order of
// docs/reasons.md.
func FailureReasons() []ReasonText { return append([]ReasonText(nil), reasonTexts[:]...) }

// todo says what to do about a reason.
func todo(reason string) string {
	for _, t := range reasonTexts {
		if string(t.Reason) == reason {
			return t.Todo
		}
	}
	if strings.HasPrefix(reason, "aws-") {
		return "read the detail; it is what AWS answered"
	}
	return ""
}

// A deviceError fails one device.
type deviceError struct {
	reason manifest.Reason
	err    error
	// refused says that AWS refused, and not that we saw a conflict: many
	// equal refusals in a row are the import's fault.
	refused bool
}

func (e *deviceError) Error() string { return e.err.Error() }
func (e *deviceError) Unwrap() error { return e.err }

// failureOf turns the error of a call into that of its device.
func failureOf(err error) *deviceError {
	var device *deviceError
	if errors.As(err, &device) {
		return device
	}
	var exhausted *exhaustedError
	var api *iot.APIError
	switch {
	case errors.As(err, &exhausted) && iot.ClassOf(err) == iot.ClassTransient:
		return &deviceError{reason: ReasonUnanswered, err: err}
	case errors.As(err, &api) && api.Code != "":
		return &deviceError{reason: manifest.Reason("aws-" + api.Code), err: err, refused: true}
	}
	return &deviceError{reason: ReasonUnanswered, err: err}
}
