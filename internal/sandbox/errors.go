package sandbox

import (
	"fmt"
	"net/http"
)

// apiError is an answer that refuses, in the form of the service asked.
type apiError struct {
	status  int
	code    string
	message string
	// Of ResourceAlreadyExistsException, which names what is there.
	resourceID, resourceARN string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "InvalidRequestException", format, args...)
}

func notFound(format string, args ...any) *apiError {
	return refuse(http.StatusNotFound, "ResourceNotFoundException", format, args...)
}

func exists(id, arn, format string, args ...any) *apiError {
	e := refuse(http.StatusConflict, "ResourceAlreadyExistsException", format, args...)
	e.resourceID, e.resourceARN = id, arn
	return e
}

func limitExceeded(format string, args ...any) *apiError {
	return refuse(http.StatusGone, "LimitExceededException", format, args...)
}

func badState(format string, args ...any) *apiError {
	return refuse(http.StatusNotAcceptable, "CertificateStateException", format, args...)
}

func deleteConflict(format string, args ...any) *apiError {
	return refuse(http.StatusConflict, "DeleteConflictException", format, args...)
}

func versionConflict(kind, name string) *apiError {
	return refuse(http.StatusConflict, "VersionConflictException", "The version for %s %s does not match the expected version.", kind, name)
}

func badCertificate(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "CertificateValidationException", format, args...)
}

func throttled() *apiError {
	return refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
}

func internalFailure() *apiError {
	return refuse(http.StatusInternalServerError, "InternalFailureException", "An unexpected error has occurred.")
}

func unavailable() *apiError {
	return refuse(http.StatusServiceUnavailable, "ServiceUnavailableException", "The service is temporarily unavailable.")
}
