package advice

import "github.com/thingpress/thingpress/manifest"

const (
	maybeForge = "do not import it; the entry may be forged"
	askVendor  = "do not import it; ask the vendor"
	otherName  = "choose another template, such as --thing-name '{serial}'"
	noColons   = "if topics contain the thing name, replace the colons"
	// A changed parameter of a stack applies only to later uploads.
	uploadAgain = ", then upload the manifest again"
)

// parameter returns the instruction to set a parameter of the stack.
func parameter(assignment string) string {
	return "thingpress stack deploy --parameter " + assignment + uploadAgain
}

// stackName tells operators of a stack to use a field that every certificate has.
var stackName = "choose another template for thing names, for example with: " + parameter("'ThingNameTemplate={serial}'")

// manifestRows has the reasons of package manifest.
var manifestRows = []row{
	reason(manifest.ReasonMalformedEntry, "the entry does not have the structure of the vendor's format",
		"look at the entry in the manifest, and ask the vendor for a correct one"),
	reason(manifest.ReasonDuplicateField, "a JSON name or a column occurs twice, so its value is ambiguous",
		"ask the vendor for a correct entry"),
	reason(manifest.ReasonBadEncoding, "base64, hex, PEM or UTF-8 in the entry does not decode",
		"check whether a mail program or a spreadsheet changed the file, and import the original"),
	reason(manifest.ReasonUnsupportedVersion, "Thingpress does not support this version of the format",
		"check whether a newer version of Thingpress supports it"),
	reason(manifest.ReasonEntryTooLarge, "the entry, or its certificate, is too long",
		"look for an unclosed quote in the entry, which makes it swallow the entries after it; "+
			"if the entry is correct, raise the limit with --max-entry-bytes").
		inStack("look for an unclosed quote in the entry, which makes it swallow the entries after it"),
	reason(manifest.ReasonBadID, "the MAC, unique ID or chip ID does not have the vendor's form",
		"import the original file; spreadsheets rewrite long numbers"),
	reason(manifest.ReasonIdentityMismatch, "two fields of the entry name different devices",
		"do not import it; ask the vendor which one is right"),
	reason(manifest.ReasonNoCertificate, "the entry contains no certificate",
		"ask the vendor for a manifest with the certificates; Microchip's Lite manifests (TrustMANAGER) have none, "+
			"because those are issued in the field"),
	reason(manifest.ReasonSeveralCertificates, "the entry contains several certificates, and nothing identifies the device's",
		"ask the vendor for one certificate per entry, or in JSON name the device's with --json-pointer, such as --json-pointer '/*/pem'").
		inStack("ask the vendor for one certificate per entry, or in JSON name the device's, for example with: " +
			parameter("'PemJsonPointer=/*/pem'")),
	reason(manifest.ReasonSlotRequired, "several keys of the device have certificates, or the only certificate may belong to another product",
		"choose the key with --slot; the vendor's data sheet names the slot for TLS").
		inStack("choose the key, for example with: " + parameter("MicrochipSlot=0") + "; the vendor's data sheet names the slot for TLS"),
	reason(manifest.ReasonLabelRequired, "the device has several certificates with labels, and nothing says which one it connects with",
		"choose the certificate with --label, by the name that it has in EdgeLock 2GO").
		inStack("choose the certificate by the name that it has in EdgeLock 2GO, for example with: " + parameter("NxpLabel=AWS_IOT_CERT")),
	reason(manifest.ReasonIndexRequired, "the group has several certificates, and nothing says which one the device connects with",
		"choose the certificate by its number in the group, such as --index 1").
		inStack("choose the certificate by its number in the group, for example with: " + parameter("TpmXmlIndex=1")),
	reason(manifest.ReasonEndorsementKey, "the certificate is for the endorsement key of a TPM, which cannot authenticate a device",
		"ask for certificates of keys that may sign, such as an initial device identity (IDevID) or "+
			"an attestation key that your CA has certified"),
	reason(manifest.ReasonBadCertificate, "the certificate does not parse as X.509",
		"inspect it with openssl x509 and ask the vendor for a correct one"),
	reason(manifest.ReasonCACertificate, "the certificate belongs to a certification authority (CA), or says so",
		"leave out the certificate of an authority; if it is a device's, pass --allow-ca").
		inStack("leave out the certificate of an authority; if it is a device's, run: " + parameter("AllowCA=true")),
	reason(manifest.ReasonUnsupportedKey, "AWS IoT does not support the key, or it is too long to be genuine",
		"get a certificate with a supported key: RSA of 2048 to 8192 bits, or EC P-256, P-384 or P-521"),
	reason(manifest.ReasonUnsupportedSigAlg, "AWS IoT does not support the signature algorithm of the certificate",
		"get a certificate that is signed with SHA-256 or better"),
	reason(manifest.ReasonExpired, "the certificate has expired",
		"the device cannot connect with it; to import it anyway, pass --allow-expired").
		inStack("the device cannot connect with it; to import it anyway, run: " + parameter("AllowExpired=true")),
	reason(manifest.ReasonBadValidity, "the certificate's validity ends before it begins", "get another certificate for the device"),
	reason(manifest.ReasonKeyMismatch, "the certificate and the public key of the entry do not belong together", askVendor),
	reason(manifest.ReasonBadChain, "the certificate is not signed by the issuer that follows it", askVendor),
	reason(manifest.ReasonNoName, "the entry has no unambiguous value for the thing name",
		"choose a template that this manifest can fill, such as --thing-name '{serial}'").inStack(stackName),
	reason(manifest.ReasonBadName, "AWS IoT does not accept the thing name; it must have 1 to 128 characters of a-z A-Z 0-9 : _ -",
		otherName).inStack(stackName),
	reason(manifest.ReasonSecretColumn, "a name, an ID or an attribute was to come from a column that holds a secret of the device",
		"use another column; no flag allows this one"),
	reason(manifest.ReasonBadAttribute, "an attribute has a value that AWS IoT does not accept",
		"leave the attribute out, or fill it with another field"),
	reason(manifest.ReasonBadSettings, "the entry asks for something that its device cannot get",
		"correct the entry, or leave out what entries ask for with --row-settings ignore").
		inStack("correct the entry, or allow what it asks for, for example with: " + parameter("AllowedPolicies=NAME")),
	reason(manifest.ReasonContradiction,
		"an earlier entry has the same vendor ID, certificate or thing name, but not all of them",
		"ask the vendor which entry is right; the earlier one counts"),
	reason(manifest.ReasonBadAlgorithm, "the algorithm of the signature does not match the signer's key", maybeForge),
	reason(manifest.ReasonBadHeader, "the signature's header contains something that is not allowed", maybeForge),
	reason(manifest.ReasonUnknownSigner, "the certificate of the entry's signer was not given",
		"get the signer's certificate from whoever signed the manifest, check its fingerprint, and pass it with --signer").
		inStack("get the signer's certificate from whoever signed the manifest, check its fingerprint, " +
			"and put it into the signer bucket" + uploadAgain),
	reason(manifest.ReasonSignerMismatch, "the entry names two different signers", maybeForge),
	reason(manifest.ReasonBadSignature, "the signature does not verify: the entry changed after it was signed",
		"do not import it; use the original file"),
	reason(manifest.ReasonSignerNotValid, "the signer's certificate had expired when the device was provisioned",
		"if the manifest is genuine, pass --allow-late-signature").
		inStack("if the manifest is genuine, run: " + parameter("AllowLateSignature=true")),

	reason(manifest.ReasonPrivateKey, "the manifest contains a readable private key",
		"treat the keys as compromised, tell the sender, and ask for a manifest without private keys"),
	reason(manifest.ReasonUnknownFormat, "the file is not a manifest of a vendor that Thingpress supports",
		"check what the file is; if it is a manifest, name its format with --vendor").
		inStack("check what the file is; the bucket to which it is uploaded determines its format"),
	reason(manifest.ReasonUnknownColumns, "the file is a table, and no column of it is known to have certificates",
		"if a column has certificates, name it with --columns, such as --columns cert=3").
		inStack("if a column has certificates, name it, for example with: " + parameter("CsvColumns=cert=3")),
	reason(manifest.ReasonWrongFormat, "the file is a manifest of another vendor than the one that was asked for",
		"omit --vendor or correct it; if the files of a container have several formats, choose one with --vendor").
		inStack("upload it to the bucket of its vendor"),
	reason(manifest.ReasonUnsupportedFormat, "the file is of a known kind, but cannot be read as a list of device certificates",
		"convert or unpack it as the message says; if the message names no way, get the manifest itself"),
	reason(manifest.ReasonEmpty, "the manifest has no entries",
		"correct what the message names; if it names nothing, ask the vendor for the manifest again"),
	reason(manifest.ReasonTruncated, "the manifest is cut off", "transfer it again and compare its size with the original"),
	reason(manifest.ReasonCorrupt, "the manifest is damaged, or in an unknown encoding",
		"convert it if the message says how; otherwise transfer it again in binary mode and compare its checksum with the original"),
	reason(manifest.ReasonTrailingData, "data follows the end of the manifest",
		"check whether two files were joined; if so, import them one by one"),
	reason(manifest.ReasonEncrypted, "the archive is protected by a password",
		"unpack it and import its contents; never import an archive of keys"),
	reason(manifest.ReasonUnsafeMember, "a file in the archive has a path outside of it, or is a link or a device",
		"pack the files again from the directory that has them, without links; an archive that someone else made like this may be an attack"),
	reason(manifest.ReasonUnsupportedMethod, "the archive is compressed with a method that Thingpress does not support",
		"unpack it, and import the directory or pack it again"),
	reason(manifest.ReasonLimitExceeded, "the manifest exceeds a limit",
		"if the manifest is genuine, raise the limit that the error names, for example with --max-entries; if the limit is fixed, "+
			"split the manifest or pack it again").
		inStack(stackLimits),
	reason(manifest.ReasonNoBundle, "the archive does not contain the chosen bundle",
		"if the message names other bundles, choose one, for example with --bundle E0E1; if not, get the archive as the vendor sent it").
		inStack("if the message names other bundles, choose one, for example with: " +
			"thingpress stack deploy --parameter InfineonCertBundleType=E0E1; then " + tryAgain),
	reason(manifest.ReasonAmbiguousBundle, "the archive contains the chosen bundle more than once", "unpack it and import the right one"),
	reason(manifest.ReasonNotExpress, "all certificates have the same common name, so these chips are not OPTIGA Trust M Express",
		"name the things after their chips with --thing-name '{chip_id}'").
		inStack("name the things after their chips with: " + parameter("'ThingNameTemplate={chip_id}'")),
	reason(manifest.ReasonChanged, "the manifest changed before it was read again",
		"another process is changing the file; wait until it has finished, then run the import again").
		inStack("upload the manifest again"),

	reason(manifest.ReasonNotYetValid, "the certificate is not valid yet; the device cannot connect until its validity begins", ""),
	reason(manifest.ReasonOddExtKeyUsage, "the extended key usage does not name client authentication",
		"test one device before you import the reel"),
	reason(manifest.ReasonOddSerial, "the serial number is negative, zero or longer than 20 bytes",
		"test one device before you import the reel"),
	reason(manifest.ReasonOddEncoding, "a name in the certificate has a type of string that few programs can read",
		"test one device before you import the reel"),
	reason(manifest.ReasonPassedOver, "next to the entry is something that is not a device certificate and was left out",
		"look at what the detail names"),
	reason(manifest.ReasonDiscouragedName, "the thing name contains a colon, which AWS advises against",
		noColons+", for example with --thing-name '{cn|replace:::_}'").
		inStack(noColons + ", for example with: " + parameter("'ThingNameTemplate={cn|replace:::_}'")),
	reason(manifest.ReasonNoIssuer, "no issuer follows the certificate, so its signature could not be checked",
		"compare the manifest with the order; the entry itself is signed"),
	reason(manifest.ReasonOutlivesIssuer, "the certificate is valid longer than its issuer; AWS IoT does not check this", ""),
	reason(manifest.ReasonNoTimestamp, "the time of provisioning is missing or unreadable, "+
		"so the signer's validity at that time could not be checked",
		"compare the manifest with the order"),
	reason(manifest.ReasonEarlySignature, "the signer's certificate was not valid yet when the device was provisioned; "+
		"this is so for some genuine manifests and for self-made signers", ""),
	reason(manifest.ReasonCASigner, "the signer is the certificate of a certification authority (CA), as self-made signers are", ""),
	reason(manifest.ReasonOddID, "the unique ID does not have the nine bytes of Microchip's chips", ""),
	reason(manifest.ReasonUnexpectedKeyType, "the key does not have the type of this bundle",
		"check whether you chose the right bundle"),
	reason(manifest.ReasonUnexpectedIssuer, "the vendor did not issue the certificate",
		"compare the manifest with the order; this format is not signed"),
	reason(manifest.ReasonUnknownField, "the entry has a field that is not part of the format and is ignored", ""),
	reason(manifest.ReasonShieldedConnection, "the certificate can be used only over a shielded connection",
		"make sure that the host application sets one up"),
}

func reason(code manifest.Reason, meaning, todo string) row {
	return row{code: string(code), meaning: meaning, todo: todo}
}

// inStack returns the row with other words for stacks.
func (r row) inStack(todo string) row {
	r.stack = todo
	return r
}
