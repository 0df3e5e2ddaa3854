// Package material makes manifests of every vendor's format for tests,
// rehearsals and examples.
//
// They have the layout of the vendors' own files, as far as that is known from
// real ones. Certificates are issued by a certification authority of the
// manifest's own, whose name says "Thingpress Test"; its key is never written.
//
// # Determinism
//
// Everything is derived from the seed: with EC keys the bytes of a manifest
// depend on vendor, number, seed and options alone, not on the clock, the
// machine or its number of cores. Signatures are deterministic (RFC 6979).
// Entry i does not depend on how many follow it. RSA keys cannot be derived
// with the standard library, so with RSA the keys, what follows from them and
// the signatures differ from run to run.
//
// # Speed and memory
//
// Entries are made on all cores and written in order, in memory that does not
// grow with their number. RSA keys take most of the time: some 50 ms each.
package material
