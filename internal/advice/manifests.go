package advice

import "github.com/thingpress/thingpress/manifest"

const (
	askAgain   = "ask the vendor for the manifest again"
	maybeForge = "do not import it: the entry may be forged"
	askVendor  = "do not import it: ask the vendor"
	otherName  = "choose another name with --thing-name, such as --thing-name '{id}'"
	// Nobody runs a command in a stack: a changed parameter concerns what is uploaded after it.
	uploadAgain = ", then upload the manifest again"
)

// parameter tells to set a parameter of the stack.
func parameter(assignment string) string {
	return "thingpress stack deploy --parameter " + assignment + uploadAgain
}

// stackName gives things of a stack names that every manifest has.
var stackName = "name the things otherwise, such as with: " + parameter("'ThingNameTemplate={id}'")

// manifestRows are the reasons of package manifest.
var manifestRows = []row{
	reason(manifest.ReasonMalformedEntry, "the entry does not have the structure that the vendor's format has",
		"look at the entry in the manifest, and ask the vendor for a correct one"),
	reason(manifest.ReasonDuplicateField, "a JSON name or a column occurs twice, so that readers could take different values",
		"ask the vendor for a correct entry"),
	reason(manifest.ReasonBadEncoding, "base64, hex, PEM or UTF-8 that does not decode",
		"check whether a mail program or a spreadsheet changed the file, and take the original"),
	reason(manifest.ReasonUnsupportedVersion, "a version of the format that Thingpress does not know",
		"check whether a newer Thingpress knows it"),
	reason(manifest.ReasonEntryTooLarge, "the entry is longer than any honest one",
		"look at the entry: a quote that is not closed makes it swallow those after it; if it is honest, raise the limit with --max-entry-bytes").
		inStack("look at the entry: a quote that is not closed makes it swallow those after it"),
	reason(manifest.ReasonBadID, "MAC, unique ID or chip ID is not of the vendor's form",
		"take the original file; spreadsheets rewrite long numbers"),
	reason(manifest.ReasonIdentityMismatch, "two places of the entry name different devices",
		"do not import it: ask the vendor which is right"),
	reason(manifest.ReasonNoCertificate, "the entry carries no certificate",
		"ask for the full manifest; Lite manifests (TrustMANAGER) never have certificates, they are issued in the field"),
	reason(manifest.ReasonSeveralCertificates, "more than one certificate, and nothing says which is the device's",
		"ask the vendor for one certificate per entry"),
	reason(manifest.ReasonSlotRequired, "several keys of the device carry certificates, or the one that does may be another product's",
		"name the key with --slot; the vendor's data sheet names the slot for TLS").
		inStack("name the key, such as with: " + parameter("MicrochipSlot=0") + "; the vendor's data sheet names the slot for TLS"),
	reason(manifest.ReasonBadCertificate, "the certificate does not parse as X.509",
		"look at it with openssl x509, and ask the vendor for a correct one"),
	reason(manifest.ReasonCACertificate, "the certificate is that of a certification authority, not of a device",
		"leave it out; a CA is never registered as a device"),
	reason(manifest.ReasonUnsupportedKey, "AWS IoT does not take the key",
		"the device needs another certificate: RSA of 2048 bits and more, or EC P-256, P-384, P-521"),
	reason(manifest.ReasonUnsupportedSigAlg, "AWS IoT does not take the algorithm that the certificate is signed with",
		"the device needs another certificate, signed with SHA-256 or better"),
	reason(manifest.ReasonExpired, "the validity of the certificate has ended",
		"the device cannot connect with it; import it nevertheless with --allow-expired").
		inStack("the device cannot connect with it; import it nevertheless with: " + parameter("AllowExpired=true")),
	reason(manifest.ReasonBadValidity, "the certificate's validity ends before it begins", "the device needs another certificate"),
	reason(manifest.ReasonKeyMismatch, "certificate and public key of the entry belong to different keys", askVendor),
	reason(manifest.ReasonBadChain, "the certificate is not signed by the issuer that follows it", askVendor),
	reason(manifest.ReasonNoName, "there is nothing to name the thing by",
		"choose a template that this manifest can fill, such as --thing-name '{id}'").inStack(stackName),
	reason(manifest.ReasonBadName, "the thing name is outside what AWS IoT takes: 1 to 128 of a-z A-Z 0-9 : _ -",
		otherName).inStack(stackName),
	reason(manifest.ReasonBadAttribute, "an attribute has a value that AWS IoT does not take",
		"leave the attribute out, or fill it with another field"),
	reason(manifest.ReasonContradiction, "an earlier entry has the same name with another certificate, or the reverse",
		"the earlier one stands; ask the vendor which is right"),
	reason(manifest.ReasonBadAlgorithm, "the signature's algorithm is not the one that the signer's key has", maybeForge),
	reason(manifest.ReasonBadHeader, "the signature's header holds what must not be there", maybeForge),
	reason(manifest.ReasonUnknownSigner, "signed by a certificate that was not given",
		"get the signer's certificate from Microchip, compare its fingerprint, and give it with --signer").
		inStack("get the signer's certificate from Microchip, compare its fingerprint, and put it into the signer bucket" + uploadAgain),
	reason(manifest.ReasonSignerMismatch, "the entry names two different signers", maybeForge),
	reason(manifest.ReasonBadSignature, "the signature does not verify: the entry is not what was signed",
		"do not import it: it was changed after it was signed; take the original file"),
	reason(manifest.ReasonSignerNotValid, "the signer's certificate was not valid when the device was provisioned",
		"do not import it: ask Microchip"),

	reason(manifest.ReasonPrivateKey, "a readable private key is in the manifest",
		"treat the keys as known to others, tell the sender, and ask for a manifest without them"),
	reason(manifest.ReasonUnknownFormat, "the file is no manifest of a vendor that Thingpress knows",
		"look at what the file is; name its format with --vendor").
		inStack("look at what the file is; the bucket that it is uploaded to says how it is read"),
	reason(manifest.ReasonWrongFormat, "the file is a manifest, but not of the vendor that was asked for",
		"leave --vendor out, or correct it").
		inStack("upload it to the bucket of its vendor"),
	reason(manifest.ReasonUnsupportedFormat, "the file is of a known kind, but no list of device certificates",
		"get the manifest itself; the message names what the file is"),
	reason(manifest.ReasonEmpty, "the manifest has no entries", askAgain),
	reason(manifest.ReasonTruncated, "the manifest ends in the middle", "transfer it again, and compare its size with the sender's"),
	reason(manifest.ReasonCorrupt, "the manifest is damaged", "transfer it again, in binary mode, and compare its checksum with the sender's"),
	reason(manifest.ReasonTrailingData, "something follows the end of the manifest",
		"check whether two files were joined; import them one by one"),
	reason(manifest.ReasonEncrypted, "the archive is protected by a password",
		"unpack it and import what is in it; never import an archive of keys"),
	reason(manifest.ReasonUnsupportedMethod, "the archive is packed with a method that Thingpress does not read",
		"unpack it and pack it again with LZMA2"),
	reason(manifest.ReasonLimitExceeded, "the manifest is larger than a limit",
		"if the manifest is honest, raise the limit that the error states, such as with --max-entries; if it is fixed, "+
			"split the manifest or pack it again").
		inStack(stackLimits),
	reason(manifest.ReasonNoBundle, "the archive does not have the chosen bundle",
		"choose a bundle that it has with --bundle, such as --bundle E0E1").
		inStack("choose a bundle that it has, such as with: " + parameter("InfineonCertBundleType=E0E1")),
	reason(manifest.ReasonAmbiguousBundle, "the archive has the chosen bundle more than once", "unpack it and import the right one"),
	reason(manifest.ReasonNotExpress, "all certificates have the same common name: these chips are no OPTIGA Trust M Express",
		"name the things by their chips with --thing-name '{chip_id}'").
		inStack("name the things by their chips with: " + parameter("'ThingNameTemplate={chip_id}'")),
	reason(manifest.ReasonChanged, "the manifest was not the same when it was read again",
		"another process is changing the file; wait until it has finished, then run the import again").
		inStack("upload the manifest again"),

	reason(manifest.ReasonNotYetValid, "the certificate's validity begins in the future; the device cannot connect before that day", ""),
	reason(manifest.ReasonOddExtKeyUsage, "the extended key usage does not name client authentication", "try one device before the reel"),
	reason(manifest.ReasonOddSerial, "the serial number is zero or longer than 20 bytes, which AWS IoT does not look at", ""),
	reason(manifest.ReasonDiscouragedName, "the thing name has a colon, which AWS advises against",
		"if topics are made of the name, "+otherName).
		inStack("if topics are made of the name, " + stackName),
	reason(manifest.ReasonNoIssuer, "no issuer follows the certificate, so that its signature could not be checked",
		"compare the manifest with the order; the entry itself is signed"),
	reason(manifest.ReasonOutlivesIssuer, "the certificate is valid longer than that of its issuer, which AWS IoT does not look at", ""),
	reason(manifest.ReasonNoTimestamp, "the time of provisioning is missing or unreadable, "+
		"so that the signer's validity could not be held against it",
		"compare the manifest with the order"),
	reason(manifest.ReasonUnexpectedKeyType, "the key is not of the type that this bundle has",
		"check whether this is the bundle that you want"),
	reason(manifest.ReasonUnexpectedIssuer, "the certificate was issued by somebody else than the vendor",
		"compare the manifest with the order: this format is not signed"),
	reason(manifest.ReasonUnknownField, "a field that the format does not have, and that is ignored", ""),
	reason(manifest.ReasonShieldedConnection, "the certificate can be used only under a shielded connection",
		"see that the host application sets one up"),
}

func reason(code manifest.Reason, meaning, todo string) row {
	return row{code: string(code), meaning: meaning, todo: todo}
}

// inStack gives a row other words for a stack.
func (r row) inStack(todo string) row {
	r.stack = todo
	return r
}
