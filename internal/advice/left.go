package advice

const (
	ownFile    = "name a file with: thingpress export --out; further certificates get files next to it"
	inOwnFiles = "export into files"
)

// leftRows has the reasons for which thingpress export leaves something out.
var leftRows = []row{
	{
		"left-no-certificate", "the thing has no certificate, so no device can connect as it",
		"create the thing in the other account if it is to exist there", "",
	},
	{"left-other-certificate", "the thing has several certificates, and there is no further file for this one", ownFile, inOwnFiles},
	{"left-other-thing", "the certificate is attached to several things, and there is no further file for this one", ownFile, inOwnFiles},
	{
		code:    "left-status",
		meaning: "the certificate is neither ACTIVE nor INACTIVE, such as one that was revoked, and no import registers it so",
	},
	{
		"left-principal", "a principal of the thing is not a certificate, such as an identity of Amazon Cognito",
		"attach an identity of the other account to the thing there", "",
	},
	{
		"left-no-thing", "the certificate is attached to no thing",
		"if a device uses it, attach it to the device's thing and export again", "",
	},
	{code: "left-no-body", meaning: "what AWS IoT returned for the certificate cannot be read as one"},
}
