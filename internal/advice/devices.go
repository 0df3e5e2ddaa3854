package advice

const (
	lookIfWrong = "detach the other certificate if that is wrong"
	// A retry of a stack's import tries again what failed.
	tryAgain = "try again with: thingpress retry IMPORT"
	// Only the command line can take over existing things.
	takeOver = "; a stack does not take over existing things, but thingpress import can"
)

// failureRows has the reasons of failed devices. If AWS refused the device, the
// reason is "aws-" followed by AWS's error code.
var failureRows = []row{
	{
		"conflict-status", "the certificate is registered with a status other than the one asked for",
		"activate INACTIVE certificates with --adopt; REVOKED ones are final",
		"REVOKED certificates are final; activate INACTIVE ones in AWS IoT, then " + tryAgain,
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
		"import with the type that it has" + takeOver,
	},
	{
		"conflict-billing-group", "the thing is in another billing group, or in none",
		"if the thing is in another group, remove it there; then put it into this one with --adopt",
		"put the thing into the billing group in AWS IoT, then " + tryAgain,
	},
	{
		"conflict-attribute", "the thing exists with another value of an attribute",
		"set the values with --adopt, or import with those that it has",
		"import with the values that the thing has, or change them in AWS IoT, then " + tryAgain,
	},
	{
		"conflict-exclusive", "the certificate cannot be attached to this thing exclusively",
		"detach it from the other things, or import without --exclusive", "detach it from the other things, then " + tryAgain,
	},
	{
		"conflict-thing", "AWS reports that the thing exists with another configuration, but returns none",
		"look at the thing and run the import again", "look at the thing, then " + tryAgain,
	},
	{
		"certificate-not-visible", "AWS reports that the certificate exists, but does not return it",
		"look for it in the other accounts that use this region, or ask AWS support", "",
	},
	{
		"certificate-gone", "the certificate was deleted after the import",
		"repeat the command line of the import, which registers it again", "upload the manifest again",
	},
	{
		"no-thing", "the thing whose certificate is to be replaced does not exist",
		"import the manifest if the device is new", "",
	},
	{
		"nothing-to-replace", "the thing has no certificate whose policies the new one could get",
		"attach the certificate with: thingpress import --adopt", "upload the manifest",
	},
	{
		"unanswered", "calls for the device were not answered for ten minutes while others were",
		"run the same command again", tryAgain,
	},
	{
		"undeliverable", "the stack gave up on the device: its message was retried for ten days, or could not be processed at all",
		"fix the cause given in the detail; then move its message back with thingpress stack redrive, or " + tryAgain, "",
	},
	{"aws-CertificateValidationException", "AWS does not accept the certificate", "look at the manifest with: thingpress inspect", ""},
	{"aws-CertificateConflictException", "AWS cannot tell which CA issued the certificate", "register it without its CA", ""},
	{
		"aws-LimitExceededException", "a limit of this certificate or thing is reached, such as 10 policies on a certificate",
		"detach what it does not need", "",
	},
	{"aws-InvalidRequestException", "AWS does not accept a value of this device", "read the detail; AWS names the value", ""},
	{
		"aws-ResourceNotFoundException", "the certificate or thing was deleted while it was being imported",
		"run the same command again", tryAgain,
	},
	{"aws-CertificateStateException", "the certificate's status does not allow the call", "check the status of the certificate", ""},
	{"aws-VersionConflictException", "somebody else keeps changing the thing", "run the same command again", tryAgain},
}

// skippedRows has the reasons of skipped entries. There is nothing to do.
var skippedRows = []row{
	{code: "repeated", meaning: "an earlier entry has the same vendor ID, certificate and thing name, and is imported"},
	{code: "filtered", meaning: "the import was told to leave the entry out"},
	{code: "not-reached", meaning: "the import did not reach the entry, so a later command has nothing to do for it"},
	{code: "not-imported", meaning: "the import rejected or skipped the entry, so a later command has nothing to do for it"},
	{code: "no-key", meaning: "no private key belongs to the certificate, so nobody can connect as the device"},
	{code: "not-in-manifest", meaning: "the manifest has no certificate for the entry, so nobody can connect as the device"},
	{
		"unsure", "it is not known what the import did for the device: it failed, or its process was killed before it could record it",
		"resume the import, so that it records what the device has; then repeat this command", "upload the manifest again",
	},
}

// keptRows has the reasons why a later command left something as it is.
var keptRows = []row{
	{
		"kept-in-use", "undo kept the certificate: it has another policy or thing since the import",
		"detach that if the certificate is to go, then repeat the command", "",
	},
	{
		"kept-shared", "undo kept what a later import counts on",
		"undo both imports together, as the note before the question shows", "",
	},
	{
		"kept-thing-in-use", "undo kept the thing: it was changed since the import, or has another certificate",
		"delete the thing in AWS IoT if it is to go", "",
	},
	{
		"kept-no-baseline", "undo kept the thing: it may have existed before the import, which did not list the things first",
		"delete the thing in AWS IoT if it is to go", "",
	},
	{
		"in-grace", "the new certificate is attached; the old one stays for the grace",
		"run the same command again after the time in the detail", "wait until the grace is over",
	},
	{
		"replacement-due", "the new certificate is attached, and the old one was about to be removed",
		"run the same command again", "upload the manifest again",
	},
	{code: "kept-replaced", meaning: "undo kept the new certificate: the one that it replaced does not work any more"},
	{
		"kept-ensured", "undo kept an attachment that may have existed before the import",
		"detach it in AWS IoT if it is to go", "",
	},
}
