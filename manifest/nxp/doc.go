// Package nxp decodes the device certificates of NXP's EdgeLock 2GO, as its API returns them for
// a group of devices: a JSON array of devices, each with certificates that are told apart by label, and with the
// certificates of their issuers. The format is known from NXP's published code (the EdgeLock
// 2GO example server, BSD-3-Clause, 2025), not from a document.
//
// # Which certificate
//
// NXP's own certificates, whose labels begin with NXP_, attest what the chip is and are passed over.
// If more than one is left, [manifest.Options.Label] chooses.
//
// # Trust
//
// Nothing in the file is signed as a whole. The certificate must be signed by the issuer of the same
// device that it names; if there is none, the device has a warning.
//
// The file may also be one device, or one after the other (JSON Lines). Unknown members are ignored.
package nxp
