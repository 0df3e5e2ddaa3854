// Package awsiot is the AWS adapter: it makes the calls behind the interfaces
// of package importer with the AWS SDK, and tells what their errors mean.
//
// The SDK's own retryer is off for AWS IoT, so that every attempt passes the
// engine's limiter. Errors are classified by the code that AWS answered and not
// by the HTTP status, which differs between the documents; and not as the SDK
// does, which takes LimitExceededException for throttling although it is final
// in AWS IoT.
package awsiot
