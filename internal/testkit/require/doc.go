// Package require finds what a test needs beyond Go: the vendors' real manifests, a
// moto server, moto's own tests, the AWS CLI, the SAM tools, the AWS CDK, Terraform, Java programs, Chromium and
// MQTT clients.
//
// A test that runs a foreign program skips unless THINGPRESS_PEERS is set, even if
// the program is installed. `make test` needs only Go; `make test-peers` sets the
// variable. [Moto], [MotoTests], [AWSCLI], [SAM], [Java], [Chromium] and those that return an [MQTTClient] check
// it, so a test must call them before it does anything slow.
//
// If anything else is missing the test skips, with a reason that says what is
// missing and how to get it. The end of the run repeats these reasons. Skips must
// not hide gaps, so THINGPRESS_REQUIRE, a comma-separated list of names (data, moto,
// moto-tests, awscli, sam, elasticmq, dynamodb-local, vulndb, chromium, cdk, terraform,
// awsiotsdk, awsiotpythonsdk, mqttjs, mosquitto), turns them into failures.
// Continuous integration sets it.
//
// All paths start at the module's root, the nearest parent directory with a go.mod.
// Tests can therefore run from any package and any checkout of the module.
package require
