// Package awsiot implements the interfaces of package iot with the AWS SDK, and classifies the
// errors of its calls.
//
// The SDK's own retryer is off for AWS IoT, so that every attempt passes the engine's limiter.
// Errors are classified by AWS's error code, since documents differ about the HTTP status. The
// SDK's classification is not used: it treats LimitExceededException as throttling, but in AWS
// IoT it is final.
//
// An answer whose body ends early has at most the code in its headers. Without a code the fault is
// transient, whatever the status. With one, the error is marked as cut, and package call asks again
// before it stops an import or fails a device.
package awsiot
