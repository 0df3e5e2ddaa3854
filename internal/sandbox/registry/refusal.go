package registry

import (
	"fmt"
	"net/http"
)

// A Refusal is an error in the words of AWS, with the status that the service model gives its code.
type Refusal struct {
	Status        int
	Code, Message string
	// ResourceID and ResourceARN are of ResourceAlreadyExistsException, which names what is there.
	ResourceID, ResourceARN string
}

// Error returns code and message.
func (e *Refusal) Error() string { return e.Code + ": " + e.Message }

// Refuse returns a [Refusal] with a formatted message.
func Refuse(status int, code, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns an InvalidRequestException.
func Invalid(format string, args ...any) *Refusal {
	return Refuse(http.StatusBadRequest, "InvalidRequestException", format, args...)
}

func notFound(format string, args ...any) *Refusal {
	return Refuse(http.StatusNotFound, "ResourceNotFoundException", format, args...)
}

func exists(id, arn, format string, args ...any) *Refusal {
	e := Refuse(http.StatusConflict, "ResourceAlreadyExistsException", format, args...)
	e.ResourceID, e.ResourceARN = id, arn
	return e
}

func badState(format string, args ...any) *Refusal {
	return Refuse(http.StatusNotAcceptable, "CertificateStateException", format, args...)
}

func deleteConflict(format string, args ...any) *Refusal {
	return Refuse(http.StatusConflict, "DeleteConflictException", format, args...)
}

func versionConflict(kind, name string) *Refusal {
	return Refuse(http.StatusConflict, "VersionConflictException", "The version for %s %s does not match the expected version.", kind, name)
}

func badCertificate(format string, args ...any) *Refusal {
	return Refuse(http.StatusBadRequest, "CertificateValidationException", format, args...)
}

func limitExceeded(format string, args ...any) *Refusal {
	return Refuse(http.StatusGone, "LimitExceededException", format, args...)
}
