// Package require finds what a test needs beyond Go: the vendors' real manifests, a moto server, the AWS CLI, the SAM tools,
// Java programs.
//
// A test that runs a foreign program skips unless THINGPRESS_PEERS is set, even if the program is installed: `make test` needs Go
// alone, and `make test-peers` sets the variable. [Moto], [AWSCLI], [SAM] and [Java] look at it themselves, so a test only
// has to call them before it does anything slow.
//
// Anything else that is not there makes the test skip with a sentence that says what is missing and how to get it; the end of
// the run repeats those sentences. A skip must not hide a hole, so THINGPRESS_REQUIRE, a comma-separated list of names
// (data, moto, awscli, sam, elasticmq, dynamodb-local, vulndb), turns the skip into a failure. Continuous integration sets it.
//
// Everything is found from the module's root, the nearest parent directory that holds go.mod, so a test may run from any
// package of the module and from any checkout of it.
package require
