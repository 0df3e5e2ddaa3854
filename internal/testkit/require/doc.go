// Package require finds what a test needs beyond Go: the vendors' real manifests, a moto server, the AWS CLI, an
// interpreter, Java programs.
//
// What cannot be had makes the test skip with a sentence that says what is missing and how to get it; `make test` repeats
// those sentences at its end. A skip must not hide a hole where the thing ought to be there, so THINGPRESS_REQUIRE, a
// comma-separated list of names (data, moto, awscli, python, elasticmq, dynamodb-local, race, vulndb, or a program's own
// name), turns the skip into a failure. Continuous integration sets it.
//
// Everything found is found from the module's root, the nearest directory upwards that holds go.mod, so a test may run from any
// package of the module and from any checkout of it.
package require
