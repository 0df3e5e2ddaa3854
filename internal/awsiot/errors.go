package awsiot

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// classes of error codes. What is not here is the device's fault when AWS
// answered 4xx, and transient when it answered 5xx.
var classes = map[string]iot.Class{
	"ThrottlingException":       iot.ClassThrottled,
	"Throttling":                iot.ClassThrottled,
	"ThrottledException":        iot.ClassThrottled,
	"TooManyRequestsException":  iot.ClassThrottled,
	"TooManyRequests":           iot.ClassThrottled,
	"RequestLimitExceeded":      iot.ClassThrottled,
	"RequestThrottled":          iot.ClassThrottled,
	"RequestThrottledException": iot.ClassThrottled,

	"InternalFailureException":    iot.ClassTransient,
	"InternalFailure":             iot.ClassTransient,
	"InternalException":           iot.ClassTransient,
	"InternalServerError":         iot.ClassTransient,
	"InternalServerException":     iot.ClassTransient,
	"ServiceUnavailableException": iot.ClassTransient,
	"ServiceUnavailable":          iot.ClassTransient,
	"RequestTimeout":              iot.ClassTransient,
	"RequestTimeoutException":     iot.ClassTransient,

	"ResourceAlreadyExistsException": iot.ClassExists,
	"ResourceNotFoundException":      iot.ClassNotFound,

	"VersionConflictException":           iot.ClassConflict,
	"ConflictingResourceUpdateException": iot.ClassConflict,

	// Ten policies on a certificate, ten groups of a thing: final, though the
	// SDK calls it throttling.
	"LimitExceededException": iot.ClassDevice,

	"AccessDeniedException":          iot.ClassImport,
	"AccessDenied":                   iot.ClassImport,
	"UnauthorizedException":          iot.ClassImport,
	"NotAuthorized":                  iot.ClassImport,
	"ForbiddenException":             iot.ClassImport,
	"OptInRequired":                  iot.ClassImport,
	"SubscriptionRequiredException":  iot.ClassImport,
	"MissingAuthenticationToken":     iot.ClassImport,
	"UnknownOperationException":      iot.ClassImport,
	"AccountProblem":                 iot.ClassImport,
	"MissingAuthenticationException": iot.ClassImport,

	"ExpiredTokenException":               iot.ClassCredentials,
	"ExpiredToken":                        iot.ClassCredentials,
	"TokenRefreshRequired":                iot.ClassCredentials,
	"InvalidClientTokenId":                iot.ClassCredentials,
	"UnrecognizedClientException":         iot.ClassCredentials,
	"InvalidSignatureException":           iot.ClassCredentials,
	"SignatureDoesNotMatch":               iot.ClassCredentials,
	"IncompleteSignature":                 iot.ClassCredentials,
	"IncompleteSignatureException":        iot.ClassCredentials,
	"MissingAuthenticationTokenException": iot.ClassCredentials,

	"RequestTimeTooSkewed": iot.ClassClockSkew,
	"RequestExpired":       iot.ClassClockSkew,
	"RequestInTheFuture":   iot.ClassClockSkew,
}

// explain turns an error of the SDK into one that the engine understands.
func (c *Client) explain(operation string, started time.Time, err error) error {
	e := &iot.APIError{Operation: operation, Err: err}
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
	e.Ambiguous = e.Class == iot.ClassTransient && !refused(e) && !neverSent(err)
	return e
}

// unknownCode is what the SDK calls an answer without an error code.
const unknownCode = "UnknownError"

func classify(e *iot.APIError, status int) iot.Class {
	if isCredentials(e.Err) {
		return iot.ClassCredentials
	}
	if class := neverAnswered(e.Err); class != 0 {
		return class
	}
	if e.Code == "InvalidSignatureException" && aboutTime(e.Message) {
		return iot.ClassClockSkew
	}
	if class, ok := classes[e.Code]; ok {
		return class
	}
	switch {
	case status >= 500, status == 0, status == http.StatusRequestTimeout:
		return iot.ClassTransient
	case status == http.StatusTooManyRequests:
		return iot.ClassThrottled
	case status < 300: // an answer that was cut off
		return iot.ClassTransient
	case e.Code == "": // not an answer of AWS IoT: a proxy, or another service
		return iot.ClassImport
	}
	return iot.ClassDevice
}

// neverAnswered tells errors that come again however often the call is made:
// a request that cannot be made of its input, and an endpoint that cannot be trusted.
func neverAnswered(err error) iot.Class {
	var input *smithy.InvalidParamsError
	var serialization *smithy.SerializationError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &input), errors.As(err, &serialization):
		return iot.ClassDevice
	case errors.As(err, &untrusted):
		return iot.ClassImport
	}
	return 0
}

func aboutTime(message string) bool {
	return strings.Contains(message, "Signature expired") || strings.Contains(message, "Signature not yet current")
}

// reconsider lets a call be made again with new credentials or a corrected clock.
func (c *Client) reconsider(e *iot.APIError, started time.Time) {
	switch {
	case e.Class == iot.ClassCredentials && e.Code != "" && c.identity.renew(started),
		e.Class == iot.ClassClockSkew && c.identity.correct(started):
		e.Class = iot.ClassTransient
	}
}

// refused says that AWS answered without having done anything.
func refused(e *iot.APIError) bool {
	class := classes[e.Code]
	return class == iot.ClassCredentials || class == iot.ClassClockSkew
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
		var e *iot.APIError
		if !errors.As(err, &e) || e.Class != iot.ClassCredentials && e.Code != "" && !refused(e) {
			c.identity.taken()
		}
		return out, err
	}
	c.identity.taken()
	return out, nil
}
