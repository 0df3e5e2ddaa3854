//go:build !race

package require

// Race tells whether the race detector is compiled in, which makes code five to fifteen times slower. A heavy test may then
// lower its size, and says so with t.Logf; it does not skip.
const Race = false
