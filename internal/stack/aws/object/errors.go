package object

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A GoneError is returned if a version of an object can no longer be read, and never
// will be.
type GoneError struct {
	Version Version
	// Problem is what happened, a sentence that begins with "it".
	Problem string
	// Err is S3's answer; nil if there was none.
	Err error
}

// Error returns the object and the problem.
func (e *GoneError) Error() string {
	return fmt.Sprintf("s3: %s/%s: %s", e.Version.Bucket, e.Version.Key, e.Problem)
}

// Unwrap returns S3's answer.
func (e *GoneError) Unwrap() error { return e.Err }

// problemOf returns the problem that causes an answer that will not change; empty for
// other errors.
func problemOf(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	switch api.ErrorCode() {
	case "NoSuchKey", "NoSuchVersion", "NotFound", "NoSuchBucket":
		return "it was deleted before all of it was read"
	case "MethodNotAllowed": // the version is a delete marker
		return "it is the delete marker of a deleted object"
	case "PreconditionFailed":
		return "it was replaced before all of it was read"
	case "InvalidObjectState":
		return "it is in an archive storage class; restore it, or upload it again"
	}
	return ""
}

// isFinal reports whether the same request would get the same answer: the object is
// gone, access is denied, or the caller is wrong otherwise.
func isFinal(err error) bool {
	var gone *GoneError
	if errors.As(err, &gone) {
		return true
	}
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	switch code := response.HTTPStatusCode(); code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	default:
		return code >= 400 && code < 500
	}
}

// isEmptyObject reports whether a range was refused because the object is empty.
func isEmptyObject(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "InvalidRange"
}
