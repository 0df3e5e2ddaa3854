package awsiot

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/thingpress/thingpress/internal/importer"
)

// classes of error codes. What is not here is the device's fault when AWS
// answered 4xx, and transient when it answered 5xx.
var classes = map[string]importer.Class{
	"ThrottlingException":       importer.Throttled,
	"Throttling":                importer.Throttled,
	"ThrottledException":        importer.Throttled,
	"TooManyRequestsException":  importer.Throttled,
	"TooManyRequests":           importer.Throttled,
	"RequestLimitExceeded":      importer.Throttled,
	"RequestThrottled":          importer.Throttled,
	"RequestThrottledException": importer.Throttled,

	"InternalFailureException":    importer.Transient,
	"InternalFailure":             importer.Transient,
	"InternalException":           importer.Transient,
	"InternalServerError":         importer.Transient,
	"InternalServerException":     importer.Transient,
	"ServiceUnavailableException": importer.Transient,
	"ServiceUnavailable":          importer.Transient,
	"RequestTimeout":              importer.Transient,
	"RequestTimeoutException":     importer.Transient,

	"ResourceAlreadyExistsException": importer.Exists,
	"ResourceNotFoundException":      importer.NotFound,

	"VersionConflictException":           importer.Conflict,
	"ConflictingResourceUpdateException": importer.Conflict,

	// Ten policies on a certificate, ten groups of a thing: final, though the
	// SDK calls it throttling.
	"LimitExceededException": importer.Device,

	"AccessDeniedException":          importer.Import,
	"AccessDenied":                   importer.Import,
	"UnauthorizedException":          importer.Import,
	"NotAuthorized":                  importer.Import,
	"ForbiddenException":             importer.Import,
	"OptInRequired":                  importer.Import,
	"SubscriptionRequiredException":  importer.Import,
	"MissingAuthenticationToken":     importer.Import,
	"UnknownOperationException":      importer.Import,
	"AccountProblem":                 importer.Import,
	"MissingAuthenticationException": importer.Import,

	"ExpiredTokenException":               importer.Credentials,
	"ExpiredToken":                        importer.Credentials,
	"TokenRefreshRequired":                importer.Credentials,
	"InvalidClientTokenId":                importer.Credentials,
	"UnrecognizedClientException":         importer.Credentials,
	"InvalidSignatureException":           importer.Credentials,
	"SignatureDoesNotMatch":               importer.Credentials,
	"IncompleteSignature":                 importer.Credentials,
	"IncompleteSignatureException":        importer.Credentials,
	"MissingAuthenticationTokenException": importer.Credentials,

	"RequestTimeTooSkewed": importer.ClockSkew,
	"RequestExpired":       importer.ClockSkew,
	"RequestInTheFuture":   importer.ClockSkew,
}

// explain turns an error of the SDK into one that the engine understands.
func (c *Client) explain(operation string, started time.Time, err error) error {
	e := &importer.APIError{Operation: operation, Err: err}
	var response *smithyhttp.ResponseError
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
		e.RequestID = requestID(response)
		e.Date = c.clock.date()
	}
	var answered smithy.APIError
	if errors.As(err, &answered) && answered.ErrorCode() != unknownCode {
		e.Code, e.Message = answered.ErrorCode(), answered.ErrorMessage()
	}
	var exists *types.ResourceAlreadyExistsException
	if errors.As(err, &exists) {
		e.ResourceID, e.ResourceARN = deref(exists.ResourceId), deref(exists.ResourceArn)
	}
	e.Class = classify(e, status)
	c.reconsider(e, started)
	// Until it is known to have been refused, a call may have taken effect.
	e.Ambiguous = e.Class == importer.Transient && !refused(e) && !neverSent(err)
	return e
}

// unknownCode is what the SDK calls an answer without an error code.
const unknownCode = "UnknownError"

func classify(e *importer.APIError, status int) importer.Class {
	if isCredentials(e.Err) {
		return importer.Credentials
	}
	if class := neverAnswered(e.Err); class != 0 {
		return class
	}
	if e.Code == "InvalidSignatureException" && aboutTime(e.Message) {
		return importer.ClockSkew
	}
	if class, ok := classes[e.Code]; ok {
		return class
	}
	switch {
	case status >= 500, status == 0, status == http.StatusRequestTimeout:
		return importer.Transient
	case status == http.StatusTooManyRequests:
		return importer.Throttled
	case status < 300: // an answer that was cut off
		return importer.Transient
	case e.Code == "": // not an answer of AWS IoT: a proxy, or another service
		return importer.Import
	}
	return importer.Device
}

// neverAnswered tells errors that come again however often the call is made:
// a request that cannot be made of its input, and an endpoint that cannot be trusted.
func neverAnswered(err error) importer.Class {
	var input *smithy.InvalidParamsError
	var serialization *smithy.SerializationError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &input), errors.As(err, &serialization):
		return importer.Device
	case errors.As(err, &untrusted):
		return importer.Import
	}
	return 0
}

func aboutTime(message string) bool {
	return strings.Contains(message, "Signature expired") || strings.Contains(message, "Signature not yet current")
}

// reconsider lets a call be made again with new credentials or a corrected clock.
func (c *Client) reconsider(e *importer.APIError, started time.Time) {
	switch {
	case e.Class == importer.Credentials && e.Code != "" && c.identity.renew(started),
		e.Class == importer.ClockSkew && c.identity.correct(started):
		e.Class = importer.Transient
	}
}

// refused says that AWS answered without having done anything.
func refused(e *importer.APIError) bool {
	class := classes[e.Code]
	return class == importer.Credentials || class == importer.ClockSkew
}

// neverSent says that the request did not reach the endpoint.
func neverSent(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func requestID(response *smithyhttp.ResponseError) string {
	if response.Response == nil || response.Response.Response == nil {
		return ""
	}
	return response.Response.Header.Get("X-Amzn-Requestid")
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// call makes one call with the timeout of the client.
func call[Out any](ctx context.Context, c *Client, operation string, do func(ctx context.Context) (Out, error)) (Out, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	started := time.Now()
	out, err := do(ctx)
	if err != nil {
		err = c.explain(operation, started, err)
		var e *importer.APIError
		if !errors.As(err, &e) || e.Class != importer.Credentials && e.Code != "" && !refused(e) {
			c.identity.taken()
		}
		return out, err
	}
	c.identity.taken()
	return out, nil
}
