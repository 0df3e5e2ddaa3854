// Package arrows holds the tests of how the packages of this module may depend on each other. The arrows point one way: cli,
// stack → importer → quota, ledger; everything → manifest; manifest → nothing of ours. The linter shows a wrong import on its
// line; these tests look at all dependencies, also the indirect ones, and run wherever tests run.
package arrows
