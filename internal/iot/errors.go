package iot

import (
	"errors"
	"fmt"
	"time"
)

// Class is what the error of a call means for the import.
type Class int

// Classes of errors. The zero Class is not used.
const (
	_ Class = iota
	// ClassThrottled: over the quota of the operation. Never fails a device.
	ClassThrottled
	// ClassTransient: 5xx, reset, timeout, a body that was cut off. Tried again.
	ClassTransient
	// ClassExists: the resource exists already; if the operation is idempotent,
	// with another configuration.
	ClassExists
	// ClassNotFound: a resource that the call names does not exist.
	ClassNotFound
	// ClassConflict: somebody changed the resource at the same time. Tried again.
	ClassConflict
	// ClassInUse: something is still attached to what is to be deleted, or AWS has not noticed yet that
	// it was detached.
	ClassInUse
	// ClassDevice: something is wrong with this device: validation, its own limits.
	ClassDevice
	// ClassImport: something is wrong with the import as a whole, such as denied.
	ClassImport
	// ClassCredentials: they expired or are wrong, and could not be refreshed.
	ClassCredentials
	// ClassClockSkew: the machine's clock is wrong, and correcting it did not help.
	ClassClockSkew
)

// An APIError is an error of one call.
type APIError struct {
	// Operation is AWS's name, such as CreateThing. Action is the permission that the call needs,
	// such as iot:CreateThing.
	Operation, Action string
	// Code is the error code that AWS answered, such as
	// ResourceAlreadyExistsException; empty if there was no answer.
	Code string
	// Message is AWS's sentence, or more about the Fault.
	Message string
	// Fault is why there was no answer of AWS or why AWS refuses every such call; empty for other
	// errors. Host is the endpoint or proxy that it concerns, with its port if that is unusual.
	Fault Fault
	Host  string
	// Cut reports whether an answer that is an error ended early. Code is from
	// its headers, and there is no Message.
	Cut bool
	// Class is what the error means for the import.
	Class Class
	// Ambiguous reports whether the call may have taken effect all the same.
	Ambiguous bool
	// ResourceID and ResourceARN identify what exists already, if AWS says so.
	ResourceID, ResourceARN string
	// RequestID identifies the call for AWS support.
	RequestID string
	// Date is AWS's time of the answer, to the second; zero without an answer.
	Date time.Time
	// Err is the cause if there was no answer.
	Err error
}

// Error names operation, code and message.
func (e *APIError) Error() string {
	switch text := e.sentence(); {
	case text != "":
		return e.Operation + ": " + text
	case e.Code == "" && e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Operation, e.Err)
	case e.Cut:
		return fmt.Sprintf("%s: %s, and the rest of the answer is missing", e.Operation, e.Code)
	case e.Message == "":
		return fmt.Sprintf("%s: %s", e.Operation, e.Code)
	}
	return fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Err }

// ClassOf returns the class of the [APIError] that err wraps, and 0 if it wraps none.
func ClassOf(err error) Class {
	var api *APIError
	if errors.As(err, &api) {
		return api.Class
	}
	return 0
}
