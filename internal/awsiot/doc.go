// Package awsiot implements the interfaces of package iot on the AWS SDK, and
// classifies the errors of its calls.
//
// The SDK's own retryer is off for AWS IoT, so that every attempt passes the
// engine's limiter. Errors are classified by the code that AWS answered, because
// the HTTP status differs between the documents, and not as the SDK classifies
// them: it takes LimitExceededException for throttling, which is final in AWS IoT.
package awsiot
