//go:build !race

package require

// Race reports whether the race detector is compiled in, which makes code five to fifteen times slower. A heavy test may then
// lower its size, and says so with t.Logf. A slow test that runs in one goroutine may skip: the detector has nothing to find
// there, and `make test` runs it without the detector.
const Race = false
