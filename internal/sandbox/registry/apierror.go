package registry

import (
	"fmt"
	"net/http"
)

// An APIError is an error of AWS, with the HTTP status that the service model assigns to its
// code.
type APIError struct {
	Status        int
	Code, Message string
	// ResourceID and ResourceARN name the existing resource in a
	// ResourceAlreadyExistsException.
	ResourceID, ResourceARN string
}

// Error returns code and message.
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Refuse returns an [APIError] with a formatted message.
func Refuse(status int, code, format string, args ...any) *APIError {
	return &APIError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns an InvalidRequestException.
func Invalid(format string, args ...any) *APIError {
	return Refuse(http.StatusBadRequest, "InvalidRequestException", format, args...)
}

func notFound(format string, args ...any) *APIError {
	return Refuse(http.StatusNotFound, "ResourceNotFoundException", format, args...)
}

func exists(id, arn, format string, args ...any) *APIError {
	e := Refuse(http.StatusConflict, "ResourceAlreadyExistsException", format, args...)
	e.ResourceID, e.ResourceARN = id, arn
	return e
}

func badState(format string, args ...any) *APIError {
	return Refuse(http.StatusNotAcceptable, "CertificateStateException", format, args...)
}

func deleteConflict(format string, args ...any) *APIError {
	return Refuse(http.StatusConflict, "DeleteConflictException", format, args...)
}

func versionConflict(what, name string) *APIError {
	return Refuse(http.StatusConflict, "VersionConflictException", "The version for %s %s does not match the expected version.", what, name)
}

func badCertificate(format string, args ...any) *APIError {
	return Refuse(http.StatusBadRequest, "CertificateValidationException", format, args...)
}

func limitExceeded(format string, args ...any) *APIError {
	return Refuse(http.StatusGone, "LimitExceededException", format, args...)
}
