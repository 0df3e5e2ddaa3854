// Package microchip decodes the manifests of Microchip's secure elements
// (Trust Platform Manifest File Format, payload versions 1 to 3): a JSON array
// of JWS in flattened serialization (RFC 7515, 7.2.2), one per chip.
//
// # Trust
//
// Every entry is signed, and nothing of it is believed before the signature is
// verified: ES256 only, by one of [manifest.Options.Signers], which the entry
// names by fingerprint (x5t#S256) and key ID (kid) alike. Everything is then
// read from the signed payload; the unsigned header is only compared with it.
// A signer's validity is held against the time of provisioning.
//
// The device's certificate is the first one of the only key that has any;
// [manifest.Options.Slot] chooses if several have. It must be for that key, and be
// signed by the issuer that follows it in the entry, as must each issuer by
// the next. Where no issuer follows, the signature of the entry alone vouches
// for the certificate, and the device carries a warning.
//
// # Damage
//
// An entry is rejected, and the others stay, as long as it is certain where it
// ends; see [manifest.EntryError]. Where that is not certain the manifest ends
// with a [manifest.FileError] at the place of the break. Text that is not UTF-8
// ends it, too, except inside the signed values. Any readable private key, signed or not,
// refuses the manifest.
//
// UTF-16 with byte order mark is read, but cannot be resumed by offset.
package microchip
