package advice

// explain is what shows why the policies of a device decide as they do.
const explain = "see the statement with: thingpress policy explain DEVICE REQUEST"

// proofRows has the reasons of devices that are refused something when they connect, or that were not proven.
var proofRows = []row{
	{"certificate-not-registered", "the certificate is not registered in the sandbox", "import the device", "upload the manifest again"},
	{
		"certificate-not-active", "the certificate is not ACTIVE",
		activate, "",
	},
	{"certificate-outdated", "the certificate is not valid now, by its own dates", "ask the vendor for a new certificate", ""},
	{
		"refused-connect", "the device may not connect",
		explain + "; without a policy nothing is allowed, and a certificate may be inactive", "look at its certificate and policies in AWS IoT",
	},
	{"refused-publish", "the device may not publish to the topic", explain, "look at its policies in AWS IoT"},
	{"refused-subscribe", "the device may not subscribe to the topic filter", explain, "look at its policies in AWS IoT"},
	{"refused-receive", "the device was not sent a message of the topic", explain, "look at its policies in AWS IoT"},
	{
		"refused-retain", "the device may not publish a message that is retained",
		explain + "; it needs iot:Publish and iot:RetainPublish", "look at its policies in AWS IoT",
	},
	{
		"refused-handshake", "the broker refuses the certificate, or the server name, in the TLS handshake",
		"look at the alert in the detail; the server name must be the one that the broker has", "",
	},
	{
		"sandbox-cannot-read", "the sandbox cannot read the certificate, although AWS IoT may",
		"prove the device in an AWS account", "",
	},
	{
		"unproven", "nothing shows whether the device may do it",
		"read the detail; to receive, a device must be allowed to subscribe to the topic, and somebody to publish to it", "",
	},
}
