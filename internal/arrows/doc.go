// Package arrows contains the tests of rules for the whole tree: the allowed dependencies
// between the packages of this module, their names, the length of files, and that no test
// sleeps.
//
// The arrows point one way: cli, stack → engine → device → call → quota, iot; awsiot → iot;
// everything → manifest; manifest and policy → no other package of this module. The tests check
// indirect dependencies, too.
package arrows
