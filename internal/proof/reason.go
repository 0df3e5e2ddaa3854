package proof

import "github.com/thingpress/thingpress/manifest"

// Reasons of devices that are refused something, or that were not proven. They are stable.
const (
	ReasonRefusedConnect   manifest.Reason = "refused-connect"
	ReasonRefusedPublish   manifest.Reason = "refused-publish"
	ReasonRefusedSubscribe manifest.Reason = "refused-subscribe"
	ReasonRefusedReceive   manifest.Reason = "refused-receive"
	ReasonRefusedRetain    manifest.Reason = "refused-retain"
	// ReasonRefusedHandshake is a certificate that the broker refuses in the TLS handshake.
	ReasonRefusedHandshake manifest.Reason = "refused-handshake"
	// ReasonSandboxCannot is a certificate that the TLS of the sandbox cannot read. AWS may.
	ReasonSandboxCannot manifest.Reason = "sandbox-cannot-read"
	// ReasonUnregistered, ReasonInactive and ReasonOutdated are certificates with which no device can
	// connect. Only a sandbox says so.
	ReasonUnregistered manifest.Reason = "certificate-not-registered"
	ReasonInactive     manifest.Reason = "certificate-not-active"
	ReasonOutdated     manifest.Reason = "certificate-outdated"
	// ReasonUnproven is a device of which something remains unknown.
	ReasonUnproven manifest.Reason = "unproven"
	// ReasonNoKey and ReasonNotDecoded are devices that could not be connected as, without a private key and
	// without a certificate.
	ReasonNoKey      manifest.Reason = "no-key"
	ReasonNotDecoded manifest.Reason = "not-in-manifest"
)
