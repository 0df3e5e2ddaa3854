// Package integration tests the whole stack: the built binary of its functions,
// run as Lambda runs it, on S3 and SNS (moto), SQS (ElasticMQ), DynamoDB (DynamoDB
// Local) and AWS IoT (the sandbox). It takes minutes, so only `make test-stack`
// runs it.
package integration
