// Package materialtest makes what only tests and test vectors need of test material: keys by label, chips of a fixed layout, and
// archives that are wrong on purpose.
//
// Everything follows from a label. Keys are derived from it and signatures are deterministic (RFC 6979), so the same label gives the
// same bytes on every machine.
package materialtest
