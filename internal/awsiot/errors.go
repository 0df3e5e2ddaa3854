package awsiot

import (
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/thingpress/thingpress/internal/iot"
)

// classOfCode returns the class of an error code, or 0 for an unknown code.
func classOfCode(code string) iot.Class {
	switch code {
	case "ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "TooManyRequests",
		"RequestLimitExceeded", "RequestThrottled", "RequestThrottledException":
		return iot.ClassThrottled
	case "InternalFailureException", "InternalFailure", "InternalException", "InternalServerError", "InternalServerException",
		"ServiceUnavailableException", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException":
		return iot.ClassTransient
	case "ResourceAlreadyExistsException":
		return iot.ClassExists
	case "ResourceNotFoundException":
		return iot.ClassNotFound
	case "DeleteConflictException":
		return iot.ClassInUse
	case "VersionConflictException", "ConflictingResourceUpdateException":
		return iot.ClassConflict
	case "LimitExceededException": // ten policies on a certificate, ten groups of a thing: final
		return iot.ClassDevice
	case "OptInRequired", "SubscriptionRequiredException", "MissingAuthenticationToken", "MissingAuthenticationException",
		"UnknownOperationException", "AccountProblem", "IndexNotReadyException":
		return iot.ClassImport
	case "MissingAuthenticationTokenException":
		return iot.ClassCredentials
	case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
		return iot.ClassClockSkew
	}
	switch iot.FaultOfCode(code) {
	case iot.FaultDenied, iot.FaultWrongRegion:
		return iot.ClassImport
	case iot.FaultExpired, iot.FaultUnknownKey, iot.FaultWrongSignature:
		return iot.ClassCredentials
	}
	return 0
}

// explain converts an error of the SDK to one that the engine understands.
func (c *Client) explain(operation string, started time.Time, err error) *iot.APIError {
	e := &iot.APIError{Operation: operation, Action: actionOf(sdk.ServiceID, operation), Err: err}
	status := describe(e)
	if status != 0 {
		e.Date = c.clock.date()
	}
	var exists *types.ResourceAlreadyExistsException
	if errors.As(err, &exists) {
		e.ResourceID, e.ResourceARN = aws.ToString(exists.ResourceId), aws.ToString(exists.ResourceArn)
	}
	e.Class = classify(e, status)
	c.reconsider(e, started)
	// A call may have taken effect unless it is known to have been refused.
	e.Ambiguous = e.Class == iot.ClassTransient && !refused(e) && !neverSent(err)
	return e
}

// unknownCode is the SDK's error code for an answer without one.
const unknownCode = "UnknownError"

func classify(e *iot.APIError, status int) iot.Class {
	if class := neverAnswered(e.Err); class != 0 {
		return class
	}
	if e.Code == "InvalidSignatureException" && aboutTime(e.Message) {
		return iot.ClassClockSkew
	}
	if e.Operation == string(iot.DeleteThing) && e.Code == "InvalidRequestException" && strings.Contains(e.Message, "attached to") {
		return iot.ClassInUse // for certificates AWS has a code of its own
	}
	if class := classOfCode(e.Code); class != 0 {
		return class
	}
	switch {
	case e.Fault == iot.FaultProxyPassword:
		return iot.ClassImport
	case status >= 500, status == 0, status == http.StatusRequestTimeout:
		return iot.ClassTransient
	case status == http.StatusTooManyRequests:
		return iot.ClassThrottled
	case status < 300, e.Cut && e.Code == "": // an incomplete answer
		return iot.ClassTransient
	case e.Code == "": // from a proxy or another service, not from AWS IoT
		return iot.ClassImport
	}
	return iot.ClassDevice
}

// neverAnswered returns the class of an error that every repetition of the call will have:
// missing credentials, invalid input, or an endpoint that cannot be trusted. It returns 0 for
// any other error.
func neverAnswered(err error) iot.Class {
	var input *smithy.InvalidParamsError
	var serialization *smithy.SerializationError
	var untrusted *tls.CertificateVerificationError
	var proxy *proxyError
	var missing *credentialsError
	switch {
	case errors.As(err, &missing):
		return iot.ClassCredentials
	case errors.As(err, &input), errors.As(err, &serialization):
		return iot.ClassDevice
	case errors.As(err, &untrusted), errors.As(err, &proxy) && proxy.status < http.StatusInternalServerError:
		return iot.ClassImport
	}
	return 0
}

// isRetryable decides which errors of the SDK's own retries are repeated, if it knows.
func isRetryable(err error) aws.Ternary {
	e := &iot.APIError{Err: err}
	switch networkFault(e) {
	case iot.FaultUntrusted, iot.FaultNoTLS, iot.FaultProxyRefuses, iot.FaultProxyPassword:
		return aws.FalseTernary
	}
	if cutOff(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

func aboutTime(message string) bool {
	return strings.Contains(message, "Signature expired") || strings.Contains(message, "Signature not yet current")
}

// reconsider makes an error transient if the call can be repeated with new credentials or a
// corrected clock.
func (c *Client) reconsider(e *iot.APIError, started time.Time) {
	switch {
	case e.Class == iot.ClassCredentials && e.Code != "" && c.identity.renew(started),
		e.Class == iot.ClassClockSkew && c.identity.correct(started):
		e.Class = iot.ClassTransient
	}
}

// refused reports whether AWS refused the call without any effect.
func refused(e *iot.APIError) bool {
	class := classOfCode(e.Code)
	return class == iot.ClassCredentials || class == iot.ClassClockSkew
}

// neverSent reports whether the request did not reach the endpoint.
func neverSent(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// cutOff reports whether an answer ended before its body was complete. A complete body that is
// not the JSON of AWS IoT is from another server. In the XML of STS the two look alike.
func cutOff(err error) bool {
	var unreadable *smithy.DeserializationError
	var notJSON *json.SyntaxError
	var otherJSON *json.UnmarshalTypeError
	var markup *xml.SyntaxError
	return errors.As(err, &markup) || errors.As(err, &unreadable) && !errors.As(err, &notJSON) && !errors.As(err, &otherJSON)
}

// headerCode returns the error code that is known even if the body cannot be read.
func headerCode(response *smithyhttp.ResponseError) string {
	return restjson.SanitizeErrorCode(header(response, "X-Amzn-ErrorType"))
}

func requestID(response *smithyhttp.ResponseError) string {
	return header(response, "X-Amzn-Requestid")
}

func header(response *smithyhttp.ResponseError, name string) string {
	if response == nil || response.Response == nil || response.Response.Response == nil {
		return ""
	}
	return response.Response.Header.Get(name)
}
