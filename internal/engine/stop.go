package engine

import (
	"errors"
	"fmt"

	"github.com/thingpress/thingpress/internal/iot"
)

// A StopError says why an import was stopped in order: calls in flight ended,
// outcomes were recorded, what remains is pending, and no device was failed
// for it. The same import can be resumed.
type StopError struct {
	// Cause is what happened.
	Cause error
	// Hint says what to do before resuming; may be empty.
	Hint string
}

// Error says that and why the import was stopped.
func (e *StopError) Error() string { return "import stopped: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *StopError) Unwrap() error { return e.Cause }

// ErrInterrupted is what [Run] returns, wrapped, when its context ended.
var ErrInterrupted = errors.New("import interrupted")

// A BalanceError says that the numbers of an import do not add up. It is a bug.
type BalanceError struct {
	Detail string
}

// Error says what does not add up.
func (e *BalanceError) Error() string {
	return "the numbers of this import do not add up, which is a bug in Thingpress: " + e.Detail
}

// stopFor is the stop that an error of a call asks for, or nil where the call
// concerns one device.
func stopFor(err error) *StopError {
	var api *iot.APIError
	if !errors.As(err, &api) {
		return nil
	}
	switch api.Class {
	case iot.ClassImport:
		return &StopError{Cause: err, Hint: hintOf(api)}
	case iot.ClassCredentials:
		return &StopError{Cause: err, Hint: "renew the credentials (for example: aws sso login) and run the same command again"}
	case iot.ClassClockSkew:
		return &StopError{Cause: err, Hint: "set the clock of this machine and run the same command again"}
	}
	return nil
}

func hintOf(api *iot.APIError) string {
	switch api.Code {
	case "AccessDeniedException", "UnauthorizedException", "AccessDenied", "NotAuthorized", "ForbiddenException":
		return fmt.Sprintf("allow iot:%s to these credentials (docs/iam.md has the policy) and run the same command again", api.Operation)
	}
	return "put it right and run the same command again"
}
