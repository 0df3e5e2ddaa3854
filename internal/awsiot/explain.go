package awsiot

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/thingpress/thingpress/internal/iot"
)

// Explain returns an error of the SDK's client of any service without the SDK's words. The result
// wraps err and an *[iot.APIError]. An error without a call of the SDK in it remains as it is.
func Explain(err error) error {
	var op *smithy.OperationError
	var api *iot.APIError
	if !errors.As(err, &op) || errors.As(err, &api) {
		return err
	}
	api = explainOperation(op)
	return &explained{strings.Replace(err.Error(), op.Error(), api.Error(), 1), api, err}
}

type explained struct {
	text string
	api  *iot.APIError
	err  error
}

func (e *explained) Error() string   { return e.text }
func (e *explained) Unwrap() []error { return []error{e.api, e.err} }

// explainOperation describes a failed call of any service.
func explainOperation(op *smithy.OperationError) *iot.APIError {
	e := &iot.APIError{Operation: op.OperationName, Action: actionOf(op.ServiceID, op.OperationName), Err: op}
	e.Class = classify(e, describe(e))
	return e
}

// describe sets what an error of the SDK, which is e.Err, tells about the answer, and returns
// the HTTP status, or 0 if there was no answer.
func describe(e *iot.APIError) (status int) {
	var response *smithyhttp.ResponseError
	if errors.As(e.Err, &response) {
		status = response.HTTPStatusCode()
		e.RequestID = requestID(response)
		if response.Response != nil && response.Response.Request != nil {
			e.Host = response.Response.Request.URL.Host
		}
	}
	var answered smithy.APIError
	if errors.As(e.Err, &answered) && answered.ErrorCode() != unknownCode {
		e.Code, e.Message = answered.ErrorCode(), withoutSecrets(answered.ErrorMessage())
	} else if status >= http.StatusMultipleChoices {
		e.Code, e.Cut = headerCode(response), cutOff(e.Err)
	}
	nameFault(e, status)
	return status
}

// actions are the permissions whose names are not service and operation (Service Authorization
// Reference).
var actions = map[string]string{
	"s3:HeadBucket": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject",
	"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:DeleteObjects": "s3:DeleteObject",
}

// actionOf returns the permission that an operation needs.
func actionOf(service, operation string) string {
	action := strings.ToLower(strings.ReplaceAll(service, " ", "")) + ":" + operation
	if other, ok := actions[action]; ok {
		return other
	}
	return action
}
