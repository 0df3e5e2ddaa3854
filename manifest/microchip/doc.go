// Package microchip decodes the manifests of Microchip's secure elements
// (Trust Platform Manifest File Format, payload versions 1 to 3): a JSON array
// of JWS in flattened serialization (RFC 7515, 7.2.2), one per chip.
//
// # Trust
//
// Every entry is signed, and none of it is trusted before the signature is
// verified. The signature must be ES256, by one of [manifest.Options.Signers],
// which the entry names by both fingerprint (x5t#S256) and key ID (kid).
// Everything is then read from the signed payload; the unsigned header is only
// compared with it. An entry that was provisioned after the signer's validity is
// rejected unless [manifest.Options.AllowLateSignature] is set. The signers may be
// [PublishedSigners], or any others, CA certificates as well.
//
// The device's certificate is the first one of the only key that has any. If
// several keys have certificates, [manifest.Options.Slot] chooses. The certificate
// must be for that key. It must be signed by the issuer that follows it in the
// entry, and each issuer by the next. If no issuer follows, only the signature of
// the entry vouches for the certificate, and the device has a warning.
//
// # Damage
//
// If it is certain where a damaged entry ends, only that entry is rejected, with a
// [manifest.EntryError]. Otherwise the manifest ends with a [manifest.FileError] at
// the place of the break. Text that is not UTF-8 ends it, too, except inside the
// signed values. A manifest with a readable private key, signed or not, is
// rejected.
//
// UTF-16 with a byte order mark is accepted, but cannot be resumed by offset.
package microchip
