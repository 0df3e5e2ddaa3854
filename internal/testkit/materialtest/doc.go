// Package materialtest makes material that only tests and test vectors need: keys by
// label, chips of a fixed layout, and archives that are wrong on purpose.
//
// Everything is derived from a label. Signatures are deterministic (RFC 6979), so the
// same label yields the same bytes on every machine.
package materialtest
