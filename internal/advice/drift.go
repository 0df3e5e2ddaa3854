package advice

const (
	mend     = "add it with: thingpress verify IMPORT --fix"
	removeIt = "if nobody wanted it, remove it in AWS IoT"
	setIt    = "if it has another one, import the manifest again with --adopt; "
	changeIt = "if it has another one, change it in AWS IoT; "
	setNone  = "if it has none, set it with: thingpress verify IMPORT --fix"
	// An INACTIVE certificate may be activated, on a machine and in a stack.
	activate = "REVOKED certificates are final; activate INACTIVE ones with: thingpress activate IMPORT"
)

// driftRows has the differences between what an import wanted and what the registry holds.
var driftRows = []row{
	{
		"drift-certificate-gone", "the certificate is not registered",
		"register it from the manifest with: thingpress verify IMPORT --fix", "",
	},
	{"drift-status", "the certificate has another status than the import gave it", activate, ""},
	{"drift-thing-gone", "the thing does not exist", "create it with: thingpress verify IMPORT --fix", ""},
	{"drift-thing-type", "the thing has another type than the import gave it, or none", setIt + setNone, changeIt + setNone},
	{
		"drift-attribute", "an attribute of the thing is missing or has another value",
		"if it has another value, import the manifest again with --adopt; if it is missing, set it with: thingpress verify IMPORT --fix",
		"if it has another value, change it in AWS IoT; if it is missing, set it with: thingpress verify IMPORT --fix",
	},
	{
		"drift-billing-group", "the thing is in another billing group than the import put it into, or in none",
		"if it is in another one, remove it there; then add it with: thingpress verify IMPORT --fix", "",
	},
	{"drift-detached", "the certificate is not attached to the thing, so the device is not known by its thing", mend, ""},
	{
		"drift-not-exclusive", "the certificate is attached to the thing, but not exclusively",
		"detach it, then attach it with: thingpress verify IMPORT --fix", "attach it exclusively in AWS IoT",
	},
	{"drift-other-thing", "the certificate is attached to another thing as well, or instead", "if that is wrong, detach it there", ""},
	{
		"drift-other-certificate", "the thing has a certificate that the import did not attach",
		"if the device was not given a new certificate, detach that one", "",
	},
	{"drift-policy-missing", "a policy is not attached to the certificate", mend, ""},
	{"drift-policy-extra", "the certificate has a policy that the import did not attach", removeIt, ""},
	{"drift-group-missing", "the thing is not in a thing group", mend, ""},
	{"drift-group-extra", "the thing is in a static thing group that the import did not add it to", removeIt, ""},
	{
		"drift-unrecorded", "the registry has something of a device whose outcome was lost, because the import was killed or the power failed",
		"resume the import with: thingpress import --resume IMPORT", "upload the manifest again",
	},
}
