package advice

const (
	mend     = "add it with: thingpress verify --fix"
	putBack  = "upload the manifest again, which adds it"
	removeIt = "if nobody wanted it, remove it in AWS IoT"
	setIt    = "import the manifest again with --adopt, which sets it"
)

// driftRows has the differences between what an import wanted and what the registry holds.
var driftRows = []row{
	{
		"drift-certificate-gone", "the certificate is not registered",
		"register it with: thingpress verify --fix, which reads the manifest again",
		"upload the manifest again, which registers it",
	},
	{
		"drift-status", "the certificate has another status than the import gave it",
		"if it is INACTIVE, activate it with: thingpress activate; REVOKED ones are final",
		"activate INACTIVE certificates in AWS IoT; REVOKED ones are final",
	},
	{"drift-thing-gone", "the thing does not exist", "create it with: thingpress verify --fix", "upload the manifest again, which creates it"},
	{
		"drift-thing-type", "the thing has another type than the import gave it, or none",
		"if it has none, set it with: thingpress verify --fix; otherwise " + setIt, "set it in AWS IoT",
	},
	{
		"drift-attribute", "an attribute of the thing is missing or has another value",
		"if it is missing, set it with: thingpress verify --fix; otherwise " + setIt, "set it in AWS IoT",
	},
	{
		"drift-billing-group", "the thing is in another billing group than the import put it into, or in none",
		"if it is in none, add it with: thingpress verify --fix; otherwise remove it there first", "add it in AWS IoT",
	},
	{"drift-detached", "the certificate is not attached to the thing, so the device is not known by its thing", mend, putBack},
	{
		"drift-not-exclusive", "the certificate is attached to the thing, but not exclusively",
		"detach it, then attach it with: thingpress verify --fix", "attach it exclusively in AWS IoT",
	},
	{"drift-other-thing", "the certificate is attached to another thing as well, or instead", "if that is wrong, detach it there", ""},
	{
		"drift-other-certificate", "the thing has a certificate that the import did not attach",
		"if the device was not given a new certificate, detach that one", "",
	},
	{"drift-policy-missing", "a policy is not attached to the certificate", mend, putBack},
	{"drift-policy-extra", "the certificate has a policy that the import did not attach", removeIt, ""},
	{"drift-group-missing", "the thing is not in a thing group", mend, putBack},
	{"drift-group-extra", "the thing is in a static thing group that the import did not add it to", removeIt, ""},
	{
		"drift-unrecorded", "the registry has something of a device whose outcome was lost, because the import was killed or the power failed",
		"resume the import with: thingpress import --resume", "upload the manifest again",
	},
}
