package call

import (
	"errors"

	"github.com/thingpress/thingpress/internal/iot"
)

// A StopError is why a run was stopped in order: calls in flight ended,
// outcomes were recorded, what remains is pending, and no device was failed
// for it. The same import can be resumed.
type StopError struct {
	// Code is the kind of fault; package advice has what to do about it.
	Code StopCode
	// Subject is what the fault is about: the operation that was denied, the
	// reason of devices that were refused alike; may be empty.
	Subject string
	// Cause is what happened.
	Cause error
}

// A StopCode is a kind of fault that stops an import. Codes are stable.
type StopCode string

// Codes of a [StopError].
const (
	StopDenied       StopCode = "denied"          // AWS does not allow the operation Subject
	StopRefused      StopCode = "refused"         // AWS refuses the call, whatever the device
	StopCredentials  StopCode = "credentials"     // they expired, and could not be refreshed
	StopClock        StopCode = "clock"           // the machine's clock is wrong
	StopSilence      StopCode = "silence"         // nothing has answered for too long
	StopAttachment   StopCode = "attachment-gone" // a policy, type or group was deleted during the import
	StopLedger       StopCode = "ledger"          // the ledger cannot be read or written
	StopChanged      StopCode = "changed"         // a manifest is not what it was when it was first read
	StopRefusedAlike StopCode = "refused-alike"   // AWS refused many devices in a row for the reason Subject
	StopMaxFailures  StopCode = "max-failures"    // as many devices failed as the operator allows
)

// Error tells that and why the import was stopped.
func (e *StopError) Error() string { return "import stopped: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *StopError) Unwrap() error { return e.Cause }

// Final reports whether err is not one device's: it stops the import, or the
// import ended before the call.
func Final(err error) bool {
	var stop *StopError
	return errors.As(err, &stop) || errors.Is(err, ErrEnded)
}

// stopOr returns the *StopError that the error of a call asks for, or err
// itself if it concerns one device.
func stopOr(err error) error {
	var api *iot.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.Class {
	case iot.ClassImport:
		switch api.Code {
		case "AccessDeniedException", "UnauthorizedException", "AccessDenied", "NotAuthorized", "ForbiddenException":
			return &StopError{StopDenied, api.Operation, err}
		}
		return &StopError{StopRefused, api.Operation, err}
	case iot.ClassCredentials:
		return &StopError{Code: StopCredentials, Cause: err}
	case iot.ClassClockSkew:
		return &StopError{Code: StopClock, Cause: err}
	}
	return err
}
