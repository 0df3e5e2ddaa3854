// Package material makes manifests of every vendor's format for tests,
// rehearsals and examples.
//
// Their layout follows the vendors' real files, as far as it is known. Each
// manifest has its own certification authority, with "Thingpress Test" in its name.
// Its key is never written.
//
// # Determinism
//
// Everything is derived from the seed. With EC keys the bytes of a manifest depend
// only on vendor, number, seed and options, not on the clock, the machine or its
// number of cores. Signatures are deterministic (RFC 6979). Entry i does not depend
// on the number of entries after it. The standard library cannot derive RSA keys,
// so RSA keys and everything that depends on them differ from run to run.
//
// # Speed and memory
//
// Entries are made on all cores and written in order. Memory does not grow with
// their number. RSA keys take most of the time: about 50 ms each.
package material
