package manifest

import "errors"

// A Reason is a stable code for why an entry or a manifest was not taken, or
// for what a warning is about. docs/reasons.md tells what each one means and
// what to do.
type Reason string

// Reasons that concern one entry.
const (
	ReasonMalformedEntry     Reason = "malformed-entry"     // the entry's structure is not the vendor's
	ReasonDuplicateField     Reason = "duplicate-field"     // a JSON name or a column occurs twice
	ReasonBadEncoding        Reason = "bad-encoding"        // base64, hex, PEM or UTF-8 that does not decode
	ReasonUnsupportedVersion Reason = "unsupported-version" // a format version that is not known
	ReasonEntryTooLarge      Reason = "entry-too-large"     // longer than a limit
	ReasonBadID              Reason = "bad-id"              // MAC, unique ID or chip ID is not of the vendor's form
	ReasonIdentityMismatch   Reason = "identity-mismatch"   // two places of the entry name different devices

	ReasonNoCertificate       Reason = "no-certificate"       // the entry carries no certificate
	ReasonSeveralCertificates Reason = "several-certificates" // more than one, and nothing says which
	ReasonSlotRequired        Reason = "slot-required"        // several keys carry certificates, and none was chosen
	ReasonBadCertificate      Reason = "bad-certificate"      // does not parse as X.509
	ReasonCACertificate       Reason = "ca-certificate"       // a CA, not a device
	ReasonUnsupportedKey      Reason = "unsupported-key"      // AWS IoT does not take the key
	ReasonUnsupportedSigAlg   Reason = "unsupported-signature-algorithm"
	ReasonExpired             Reason = "expired"          // validity has ended
	ReasonBadValidity         Reason = "bad-validity"     // ends before it begins
	ReasonKeyMismatch         Reason = "key-mismatch"     // certificate and key of the entry differ
	ReasonBadChain            Reason = "bad-chain"        // not signed by the issuer that follows
	ReasonNoName              Reason = "no-name"          // nothing to name the thing by
	ReasonBadName             Reason = "bad-name"         // the thing name is outside [a-zA-Z0-9:_-]{1,128}
	ReasonBadAttribute        Reason = "bad-attribute"    // an attribute's value is outside what AWS IoT takes
	ReasonContradiction       Reason = "contradiction"    // same name with another certificate as an earlier entry, or the reverse
	ReasonBadAlgorithm        Reason = "bad-algorithm"    // the JWS algorithm is not the expected one
	ReasonBadHeader           Reason = "bad-header"       // the JWS header holds what must not be there
	ReasonUnknownSigner       Reason = "unknown-signer"   // signed by a certificate that was not given
	ReasonSignerMismatch      Reason = "signer-mismatch"  // kid and x5t#S256 name different signers
	ReasonBadSignature        Reason = "bad-signature"    // the signature does not verify
	ReasonSignerNotValid      Reason = "signer-not-valid" // outside the signer's validity when provisioned
)

// Reasons that end a manifest.
const (
	ReasonPrivateKey        Reason = "private-key"        // a readable private key is in the manifest
	ReasonUnknownFormat     Reason = "unknown-format"     // not a manifest of any vendor
	ReasonWrongFormat       Reason = "wrong-format"       // a known format, but not of the vendor that was asked for
	ReasonUnsupportedFormat Reason = "unsupported-format" // a known format that is not a manifest of devices
	ReasonEmpty             Reason = "empty"              // no entries
	ReasonTruncated         Reason = "truncated"          // ends in the middle
	ReasonCorrupt           Reason = "corrupt"            // damaged: checksum, structure or encoding of the file
	ReasonTrailingData      Reason = "trailing-data"      // something follows the end
	ReasonEncrypted         Reason = "encrypted"          // protected by a password
	ReasonUnsupportedMethod Reason = "unsupported-method" // an archive method that is not read
	ReasonLimitExceeded     Reason = "limit-exceeded"     // more than a limit allows
	ReasonNoBundle          Reason = "no-bundle"          // the chosen bundle is not in the archive
	ReasonAmbiguousBundle   Reason = "ambiguous-bundle"   // the chosen bundle is in the archive twice
	ReasonNotExpress        Reason = "not-express"        // certificates with one common CN: not an OPTIGA Trust M Express
	ReasonChanged           Reason = "changed"            // the manifest was not the same when it was read again
)

// Reasons of warnings only.
const (
	ReasonNotYetValid        Reason = "not-yet-valid"       // validity begins in the future
	ReasonOddExtKeyUsage     Reason = "no-client-auth"      // extended key usage without clientAuth
	ReasonOddSerial          Reason = "odd-serial"          // serial number zero or over 20 bytes
	ReasonDiscouragedName    Reason = "discouraged-name"    // a colon in the thing name
	ReasonNoIssuer           Reason = "no-issuer"           // nothing follows the leaf to verify it with
	ReasonOutlivesIssuer     Reason = "outlives-issuer"     // leaf is valid longer than its issuer
	ReasonNoTimestamp        Reason = "no-timestamp"        // provisioning timestamp missing or unreadable
	ReasonUnexpectedKeyType  Reason = "unexpected-key-type" // not the key type that this bundle has
	ReasonUnexpectedIssuer   Reason = "unexpected-issuer"   // issued by somebody else than the vendor
	ReasonUnknownField       Reason = "unknown-field"       // a field that the format does not have
	ReasonShieldedConnection Reason = "shielded-connection" // usable only under a shielded connection
)

// ReasonOf returns the code that err carries, from an EntryError, a FileError
// or [Errorf], and "" if it carries none.
func ReasonOf(err error) Reason {
	reason, _ := causeOf(err)
	return reason
}

// LimitOf returns the limit that err says was exceeded, and the zero Limit if
// it says so of none.
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
