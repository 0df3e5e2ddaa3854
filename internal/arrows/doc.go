// Package arrows holds the tests of the rules that concern the whole tree: how the packages of this module may depend on each
// other, how they are called, how long a file may be, and that no test sleeps.
//
// The arrows point one way: cli, stack → engine → device → call → quota, iot; awsiot → iot; everything → manifest; manifest and
// policy → nothing of ours. The tests look at all dependencies, also the indirect ones.
package arrows
