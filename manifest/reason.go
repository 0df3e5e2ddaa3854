package manifest

import "errors"

// A Reason is a stable code for why an entry or a manifest was rejected, or for a
// warning. docs/reasons.md explains each of them.
type Reason string

// Reasons that concern one entry.
const (
	ReasonMalformedEntry     Reason = "malformed-entry"     // the entry's structure is not the vendor's
	ReasonDuplicateField     Reason = "duplicate-field"     // a JSON name or a column occurs twice
	ReasonBadEncoding        Reason = "bad-encoding"        // base64, hex, PEM or UTF-8 does not decode
	ReasonUnsupportedVersion Reason = "unsupported-version" // unknown version of the format
	ReasonEntryTooLarge      Reason = "entry-too-large"     // longer than a limit
	ReasonBadID              Reason = "bad-id"              // MAC, unique ID or chip ID does not have the vendor's form
	ReasonIdentityMismatch   Reason = "identity-mismatch"   // two fields of the entry name different devices

	ReasonNoCertificate       Reason = "no-certificate"                  // the entry contains no certificate
	ReasonSeveralCertificates Reason = "several-certificates"            // more than one, and the device's is ambiguous
	ReasonSlotRequired        Reason = "slot-required"                   // several keys have certificates, and none was chosen
	ReasonLabelRequired       Reason = "label-required"                  // several labelled certificates, and none was chosen
	ReasonIndexRequired       Reason = "index-required"                  // several numbered certificates, and none was chosen
	ReasonBadCertificate      Reason = "bad-certificate"                 // does not parse as X.509
	ReasonCACertificate       Reason = "ca-certificate"                  // a CA, not a device
	ReasonEndorsementKey      Reason = "endorsement-key"                 // of a TPM; it cannot authenticate a TLS client
	ReasonUnsupportedKey      Reason = "unsupported-key"                 // AWS IoT does not support the key
	ReasonUnsupportedSigAlg   Reason = "unsupported-signature-algorithm" // AWS IoT does not support the signature algorithm
	ReasonExpired             Reason = "expired"                         // the certificate has expired
	ReasonBadValidity         Reason = "bad-validity"                    // ends before it begins
	ReasonKeyMismatch         Reason = "key-mismatch"                    // certificate and key of the entry differ
	ReasonBadChain            Reason = "bad-chain"                       // not signed by the issuer that follows
	ReasonNoName              Reason = "no-name"                         // no unambiguous value for the thing name
	ReasonBadName             Reason = "bad-name"                        // the thing name is outside [a-zA-Z0-9:_-]{1,128}
	ReasonSecretColumn        Reason = "secret-column"                   // a secret of the device was asked for
	ReasonBadAttribute        Reason = "bad-attribute"                   // AWS IoT does not accept an attribute's value
	ReasonBadSettings         Reason = "bad-settings"                    // asks for something that its device cannot get
	ReasonContradiction       Reason = "contradiction"                   // shares something with an earlier entry, but not everything
	ReasonBadAlgorithm        Reason = "bad-algorithm"                   // the JWS algorithm is not the expected one
	ReasonBadHeader           Reason = "bad-header"                      // the JWS header contains something that is not allowed
	ReasonUnknownSigner       Reason = "unknown-signer"                  // the signer's certificate was not given
	ReasonSignerMismatch      Reason = "signer-mismatch"                 // kid and x5t#S256 name different signers
	ReasonBadSignature        Reason = "bad-signature"                   // the signature does not verify
	ReasonSignerNotValid      Reason = "signer-not-valid"                // provisioned after the signer's validity
)

// Reasons that end a manifest.
const (
	ReasonPrivateKey        Reason = "private-key"        // the manifest contains a readable private key
	ReasonUnknownFormat     Reason = "unknown-format"     // not a manifest of any vendor
	ReasonUnknownColumns    Reason = "unknown-columns"    // a table without a column of certificates
	ReasonWrongFormat       Reason = "wrong-format"       // a known format, but of another vendor than asked for
	ReasonUnsupportedFormat Reason = "unsupported-format" // a known format that is not a manifest of devices
	ReasonEmpty             Reason = "empty"              // no entries
	ReasonTruncated         Reason = "truncated"          // cut off
	ReasonCorrupt           Reason = "corrupt"            // damaged: checksum, structure or encoding of the file
	ReasonTrailingData      Reason = "trailing-data"      // data follows the end
	ReasonEncrypted         Reason = "encrypted"          // protected by a password
	ReasonUnsafeMember      Reason = "unsafe-member"      // a file in an archive has a path outside of it, or is a link
	ReasonUnsupportedMethod Reason = "unsupported-method" // unsupported compression method
	ReasonLimitExceeded     Reason = "limit-exceeded"     // more than a limit allows
	ReasonNoBundle          Reason = "no-bundle"          // the chosen bundle is not in the archive
	ReasonAmbiguousBundle   Reason = "ambiguous-bundle"   // the archive contains the chosen bundle twice
	ReasonNotExpress        Reason = "not-express"        // certificates share one CN: not an OPTIGA Trust M Express
	ReasonChanged           Reason = "changed"            // the manifest changed before it was read again
)

// Reasons of warnings only.
const (
	ReasonNotYetValid        Reason = "not-yet-valid"       // validity begins in the future
	ReasonOddExtKeyUsage     Reason = "no-client-auth"      // extended key usage without clientAuth
	ReasonOddSerial          Reason = "odd-serial"          // serial number negative, zero or over 20 bytes
	ReasonOddEncoding        Reason = "odd-encoding"        // a type of string that few readers know
	ReasonPassedOver         Reason = "passed-over"         // something that is not an entry stands next to this one
	ReasonDiscouragedName    Reason = "discouraged-name"    // a colon in the thing name
	ReasonNoIssuer           Reason = "no-issuer"           // no issuer follows the leaf to verify it with
	ReasonOutlivesIssuer     Reason = "outlives-issuer"     // leaf is valid longer than its issuer
	ReasonNoTimestamp        Reason = "no-timestamp"        // provisioning timestamp missing or unreadable
	ReasonEarlySignature     Reason = "early-signature"     // provisioned before the signer's validity
	ReasonCASigner           Reason = "ca-signer"           // the signer is a CA's certificate
	ReasonOddID              Reason = "odd-id"              // unique ID of an unusual length
	ReasonUnexpectedKeyType  Reason = "unexpected-key-type" // not the key type of this bundle
	ReasonUnexpectedIssuer   Reason = "unexpected-issuer"   // not issued by the vendor
	ReasonUnknownField       Reason = "unknown-field"       // a field that is not part of the format
	ReasonShieldedConnection Reason = "shielded-connection" // usable only under a shielded connection
)

// ReasonOf returns the code of an [EntryError], a [FileError] or an error of
// [Errorf] that err wraps, and "" if there is none.
func ReasonOf(err error) Reason {
	reason, _ := causeOf(err)
	return reason
}

// LimitOf returns the limit that was exceeded according to err, or the zero Limit.
func LimitOf(err error) Limit {
	_, limit := causeOf(err)
	return limit
}

func causeOf(err error) (Reason, Limit) {
	var entry *EntryError
	var file *FileError
	var cause *reasonError
	switch {
	case errors.As(err, &entry):
		return entry.Reason, entry.Limit
	case errors.As(err, &file):
		return file.Reason, file.Limit
	case errors.As(err, &cause):
		return cause.reason, cause.limit
	}
	return "", Limit{}
}
