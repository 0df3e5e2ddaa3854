// Package awsiot implements the interfaces of package iot with the AWS SDK, and classifies the
// errors of its calls.
//
// The SDK's own retryer is off for AWS IoT, so that every attempt passes the engine's limiter.
// Errors are classified by AWS's error code, since documents differ about the HTTP status. The
// SDK's classification is not used: it treats LimitExceededException as throttling, but in AWS
// IoT it is final.
package awsiot
