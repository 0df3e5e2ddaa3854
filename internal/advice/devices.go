package advice

const (
	lookIfWrong = "detach the other certificate if that is wrong"
	// A stack takes over nothing that exists; the command line can.
	takeOver = "; a stack takes over nothing that exists, thingpress import can"
)

// failureRows are the reasons of devices that failed. What AWS refuses has
// "aws-" and AWS's error code.
var failureRows = []row{
	{
		"conflict-status", "the certificate is registered with another status than the import asks for",
		"activate INACTIVE certificates with --adopt; REVOKED ones are final",
		"activate INACTIVE certificates in AWS IoT, then upload the manifest again; REVOKED ones are final",
	},
	{
		"conflict-certificate-on-other-thing", "the certificate is attached to another thing",
		"detach it there if that is wrong, or attach it here as well with --adopt", "detach it there if that is wrong" + takeOver,
	},
	{
		"conflict-other-certificate", "the thing has another certificate",
		lookIfWrong + ", or attach this one next to it with --adopt", lookIfWrong + takeOver,
	},
	{
		"conflict-thing-type", "the thing exists with another thing type",
		"set the type with --adopt, or import with the type that it has",
		"import with the type that it has; a stack takes over nothing that exists, thingpress import can",
	},
	{
		"conflict-billing-group", "the thing is in another billing group, or in none",
		"put a thing that has none into it with --adopt; take it out of the other group first",
		"put the thing into the billing group in AWS IoT" + uploadAgain,
	},
	{
		"conflict-attribute", "the thing exists with another value of an attribute",
		"set the values with --adopt, or import with those that it has",
		"import with the values that the thing has, or change them in AWS IoT" + uploadAgain,
	},
	{
		"conflict-exclusive", "the certificate cannot be attached to this thing exclusively",
		"detach it from the other things, or import without --exclusive", "detach it from the other things" + uploadAgain,
	},
	{
		"conflict-thing", "AWS answers that the thing exists with another configuration, but shows none",
		"look at the thing and run the import again", "look at the thing" + uploadAgain,
	},
	{
		"certificate-not-visible", "AWS answers that the certificate exists but does not show it",
		"look for it in the other accounts that use this region, or ask AWS support", "",
	},
	{
		"unanswered", "calls for the device were not answered for ten minutes while others were",
		"run the same command again", "upload the manifest again",
	},
	{
		"undeliverable", "the stack gave the device up: its message was handed back for ten days, or could not be handled at all",
		"put the cause in the detail right; then move its message back with thingpress stack redrive, or upload the manifest again", "",
	},
	{"aws-CertificateValidationException", "AWS does not accept the certificate", "look at it with: thingpress inspect", ""},
	{"aws-CertificateConflictException", "AWS cannot tell which CA issued the certificate", "register it without its CA", ""},
	{
		"aws-LimitExceededException", "a limit of this certificate or thing is reached, such as 10 policies on a certificate",
		"detach what it does not need", "",
	},
	{"aws-InvalidRequestException", "AWS does not accept a value of this device", "read the detail; AWS names the value", ""},
	{
		"aws-ResourceNotFoundException", "the certificate or thing was deleted while it was being imported",
		"run the same command again", "upload the manifest again",
	},
	{"aws-CertificateStateException", "the certificate's status does not allow the call", "look at the certificate", ""},
	{"aws-VersionConflictException", "somebody else keeps changing the thing", "run the same command again", "upload the manifest again"},
}

// skippedRows are the reasons of entries that were skipped. There is nothing to do.
var skippedRows = []row{
	{code: "repeated", meaning: "an earlier entry has the same certificate and the same thing name, and is imported"},
	{code: "filtered", meaning: "the import leaves the entry out as it was told to"},
}
