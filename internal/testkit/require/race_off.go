//go:build !race

package require

// Race reports whether the race detector is compiled in, which makes code five to
// fifteen times slower. A heavy test may then reduce its size and report that with
// t.Logf. A slow test in a single goroutine may skip: the detector cannot find
// anything there, and `make test` runs it without the detector.
const Race = false
