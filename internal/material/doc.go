// Package material makes keys, certificates and signed Microchip entries for
// tests, test vectors and generated manifests.
//
// Everything follows from a seed: keys are derived from it, and signatures are
// deterministic (RFC 6979), so that the same seed gives the same bytes on every
// machine. What it makes is test material and says so in its names.
package material
