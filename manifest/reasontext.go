package manifest

// A ReasonText explains a [Reason] to an operator.
type ReasonText struct {
	Reason Reason
	// Meaning is what the code says, and Todo what to do about it.
	Meaning, Todo string
}

// Hint says what an operator can do about an entry or a manifest that was not
// taken; it is empty for unknown codes.
func (r Reason) Hint() string {
	for _, t := range reasonTexts {
		if t.Reason == r {
			return t.Todo
		}
	}
	return ""
}

// ReasonTexts explains every reason, in the order of docs/reasons.md.
func ReasonTexts() []ReasonText { return append([]ReasonText(nil), reasonTexts[:]...) }

const askAgain = "ask the vendor for the manifest again"

var reasonTexts = [...]ReasonText{
	{ReasonMalformedEntry, "the entry does not have the structure that the vendor's format has", "look at the entry in the manifest, and ask the vendor for a correct one"},
	{ReasonDuplicateField, "a JSON name or a column occurs twice, so that readers could take different values", "ask the vendor for a correct entry"},
	{ReasonBadEncoding, "base64, hex, PEM or UTF-8 that does not decode", "see whether a mail program or a spreadsheet changed the file, and take the original"},
	{ReasonUnsupportedVersion, "a version of the format that Thingpress does not know", "see whether a newer Thingpress knows it"},
	{ReasonEntryTooLarge, "the entry is longer than any honest one", "look at the entry; a quote that is not closed makes an entry swallow those behind it"},
	{ReasonBadID, "MAC, unique ID or chip ID is not of the vendor's form", "take the original file; spreadsheets rewrite long numbers"},
	{ReasonIdentityMismatch, "two places of the entry name different devices", "do not import it: ask the vendor which is right"},
	{ReasonNoCertificate, "the entry carries no certificate", "ask for the full manifest; Lite manifests (TrustMANAGER) never have certificates, they are issued in the field"},
	{ReasonSeveralCertificates, "more than one certificate, and nothing says which is the device's", "ask the vendor for one certificate per entry"},
	{ReasonSlotRequired, "several keys of the device carry certificates", "say which with --slot; the vendor's data sheet names the slot for TLS"},
	{ReasonBadCertificate, "the certificate does not parse as X.509", "look at it with openssl x509, and ask the vendor for a correct one"},
	{ReasonCACertificate, "the certificate is that of a certification authority, not of a device", "leave it out; a CA is never registered as a device"},
	{ReasonUnsupportedKey, "AWS IoT does not take the key", "the device needs another certificate: RSA of 2048 bits and more, or EC P-256, P-384, P-521"},
	{ReasonUnsupportedSigAlg, "AWS IoT does not take the algorithm that the certificate is signed with", "the device needs another certificate, signed with SHA-256 or better"},
	{ReasonExpired, "the validity of the certificate has ended", "the device cannot connect with it; --allow-expired imports it nevertheless"},
	{ReasonBadValidity, "the certificate's validity ends before it begins", "the device needs another certificate"},
	{ReasonKeyMismatch, "certificate and public key of the entry belong to different keys", "do not import it: ask the vendor"},
	{ReasonBadChain, "the certificate is not signed by the issuer that follows it", "do not import it: ask the vendor"},
	{ReasonNoName, "there is nothing to name the thing by", "choose a template with --thing-name that this manifest can fill, such as {id}"},
	{ReasonBadName, "the thing name is outside what AWS IoT takes: 1 to 128 of a-z A-Z 0-9 : _ -", "choose another with --thing-name, such as {id}"},
	{ReasonBadAttribute, "an attribute has a value that AWS IoT does not take", "leave the attribute out, or fill it with another field"},
	{ReasonContradiction, "an earlier entry has the same name with another certificate, or the reverse", "the earlier one stands; ask the vendor which is right"},
	{ReasonBadAlgorithm, "the signature's algorithm is not the one that the signer's key has", "do not import it: the entry may be forged"},
	{ReasonBadHeader, "the signature's header holds what must not be there", "do not import it: the entry may be forged"},
	{ReasonUnknownSigner, "signed by a certificate that was not given", "get the signer's certificate from Microchip, compare its fingerprint, and give it with --signer"},
	{ReasonSignerMismatch, "the entry names two different signers", "do not import it: the entry may be forged"},
	{ReasonBadSignature, "the signature does not verify: the entry is not what was signed", "do not import it: it was changed after it was signed; take the original file"},
	{ReasonSignerNotValid, "the signer's certificate was not valid when the device was provisioned", "do not import it: ask Microchip"},

	{ReasonPrivateKey, "a readable private key is in the manifest", "treat the keys as known to others, tell the sender, and ask for a manifest without them"},
	{ReasonUnknownFormat, "the file is no manifest of a vendor that Thingpress knows", "look at what the file is; --vendor says how to read it"},
	{ReasonWrongFormat, "the file is a manifest, but not of the vendor that was asked for", "leave --vendor out, or correct it"},
	{ReasonUnsupportedFormat, "the file is of a known kind, but no list of device certificates", "get the manifest itself; the message names what the file is"},
	{ReasonEmpty, "the manifest has no entries", askAgain},
	{ReasonTruncated, "the manifest ends in the middle", "transfer it again, and compare its size with the sender's"},
	{ReasonCorrupt, "the manifest is damaged", "transfer it again, in binary mode, and compare its checksum with the sender's"},
	{ReasonTrailingData, "something follows the end of the manifest", "see whether two files were joined; import them one by one"},
	{ReasonEncrypted, "the archive is protected by a password", "unpack it and import what is in it; never import an archive of keys"},
	{ReasonUnsupportedMethod, "the archive is packed with a method that Thingpress does not read", "unpack it and pack it again with LZMA2"},
	{ReasonLimitExceeded, "the manifest is larger than a limit", "if it is honest, raise the limit that the message names"},
	{ReasonNoBundle, "the archive does not have the chosen bundle", "choose another with --bundle"},
	{ReasonAmbiguousBundle, "the archive has the chosen bundle more than once", "unpack it and import the right one"},
	{ReasonNotExpress, "all certificates have the same common name: these chips are no OPTIGA Trust M Express", "name the things otherwise, such as with --thing-name {chip_id}"},
	{ReasonChanged, "the manifest was not the same when it was read again", "see who writes to the file, and run the import again when it rests"},

	{ReasonNotYetValid, "the certificate's validity begins in the future", "the device cannot connect before that day"},
	{ReasonOddExtKeyUsage, "the extended key usage does not name client authentication", "try one device before the reel"},
	{ReasonOddSerial, "the serial number is zero or longer than 20 bytes", "nothing; AWS IoT identifies certificates by their fingerprint"},
	{ReasonDiscouragedName, "the thing name has a colon, which AWS advises against", "choose another with --thing-name if topics are made of it"},
	{ReasonNoIssuer, "no issuer follows the certificate, so that its signature could not be checked", "compare the manifest with the order; the entry itself is signed"},
	{ReasonOutlivesIssuer, "the certificate is valid longer than that of its issuer", "nothing; AWS IoT does not look at the issuer"},
	{ReasonNoTimestamp, "the time of provisioning is missing or unreadable, so that the signer's validity could not be held against it", "compare the manifest with the order"},
	{ReasonUnexpectedKeyType, "the key is not of the type that this bundle has", "look whether this is the bundle that you want"},
	{ReasonUnexpectedIssuer, "the certificate was issued by somebody else than the vendor", "compare the manifest with the order: this format is not signed"},
	{ReasonUnknownField, "a field that the format does not have", "nothing; it is ignored"},
	{ReasonShieldedConnection, "the certificate can be used only under a shielded connection", "see that the host application sets one up"},
}
