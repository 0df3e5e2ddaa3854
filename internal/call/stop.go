package call

import (
	"errors"

	"github.com/thingpress/thingpress/internal/iot"
)

// A StopError stops a run in an orderly way: calls in flight end, outcomes are
// recorded, and the remaining entries stay pending. No device fails because of
// it, and the import can be resumed.
type StopError struct {
	// Code is the kind of fault, for which package advice has a remedy.
	Code StopCode
	// Subject is the operation that was denied, or the reason of devices that
	// were refused alike; may be empty.
	Subject string
	// Cause is what happened.
	Cause error
}

// A StopCode is a kind of fault that stops an import. Codes are stable.
type StopCode string

// Codes of a [StopError].
const (
	StopDenied       StopCode = "denied"          // the credentials may not call the operation Subject
	StopRefused      StopCode = "refused"         // AWS refuses a call for every device
	StopCredentials  StopCode = "credentials"     // they have expired and could not be refreshed
	StopClock        StopCode = "clock"           // the machine's clock is wrong
	StopSilence      StopCode = "silence"         // nothing has answered for too long
	StopAttachment   StopCode = "attachment-gone" // a policy, type or group was deleted during the import
	StopLedger       StopCode = "ledger"          // the ledger cannot be read or written
	StopChanged      StopCode = "changed"         // a manifest changed after it was first read
	StopRefusedAlike StopCode = "refused-alike"   // AWS refused many devices in a row for the reason Subject
	StopBroker       StopCode = "broker"          // the certificate of the broker cannot be verified
	StopMaxFailures  StopCode = "max-failures"    // as many devices failed as the operator allowed
)

// Error returns the cause.
func (e *StopError) Error() string { return "import stopped: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *StopError) Unwrap() error { return e.Cause }

// Final reports whether err is not one device's: either it stops the import, or
// the import has ended.
func Final(err error) bool {
	var stop *StopError
	return errors.As(err, &stop) || errors.Is(err, ErrEnded)
}

// stopOr returns a *StopError if the error of a call concerns the whole import,
// and otherwise err itself.
func stopOr(err error) error {
	var api *iot.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.Class {
	case iot.ClassImport:
		if iot.FaultOfCode(api.Code) == iot.FaultDenied {
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
