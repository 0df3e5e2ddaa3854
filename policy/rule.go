package policy

// A Rule is the stable code of a kind of [Finding].
type Rule string

// The rules. Device Defender's audits are the source of L1 to L9 (developer guide, "Audit checks").
const (
	// RuleConnectAny allows iot:Connect with any client ID, so that a device can take the place of
	// another one. Allow client/${iot:Connection.Thing.ThingName}, or require IsAttached.
	RuleConnectAny Rule = "L1"
	// RuleConnectOwnID allows iot:Connect on client/${iot:ClientId}, which is any client ID. Require
	// IsAttached.
	RuleConnectOwnID Rule = "L2"
	// RulePublishOthers allows messages to shadows or jobs of other things. Put the name of the
	// thing, as a variable, after $aws/things/.
	RulePublishOthers Rule = "L3"
	// RuleSubscribeOthers allows subscriptions to shadows or jobs of other things. Put the name of
	// the thing, as a variable, after $aws/things/.
	RuleSubscribeOthers Rule = "L4"
	// RuleThingAny allows API actions on the shadows or jobs of any thing. Name the thing.
	RuleThingAny Rule = "L5"
	// RuleDenyMQTTWildcard denies a resource with + or #, which are not wildcards in a policy. Write *.
	RuleDenyMQTTWildcard Rule = "L6"
	// RuleDenySubscribeOnly denies a subscription within an allowed branch, but not iot:Receive. The
	// messages arrive through a wider filter. Deny iot:Receive on the same topics.
	RuleDenySubscribeOnly Rule = "L7"
	// RuleRoleAliasAny allows credentials of any role alias. Name the role alias.
	RuleRoleAliasAny Rule = "L8"
	// RuleCertificate is a certificate that has expired, expires within 30 days, has a weak key or is
	// older than 365 days. [Finding.Text] is one of the constants Certificate…. Replace it.
	RuleCertificate Rule = "L9"
	// RuleNoConnect allows no iot:Connect for the client ID of a device. Allow it, or change the
	// client ID.
	RuleNoConnect Rule = "L10"
	// RuleNoReceive allows a subscription and no message of it. Allow iot:Receive on topic/….
	RuleNoReceive Rule = "L11"
	// RuleWrongType is an action without a resource of its type, such as iot:Subscribe on topic/…. It
	// never matches. Subscriptions need topicfilter/, publishing and receiving need topic/.
	RuleWrongType Rule = "L12"
	// RuleAllowMQTTWildcard allows publishing or receiving on a topic with + or #, which no topic has.
	// Write *.
	RuleAllowMQTTWildcard Rule = "L13"
	// RuleDenyVariable is a variable in a deny. If it is not substituted, nothing is denied. Allow
	// less instead.
	RuleDenyVariable Rule = "L14"
	// RuleNoThing is a variable of a thing, for a device whose connection belongs to no thing. Attach
	// the certificate, use the name as the client ID, or attach it exclusively.
	RuleNoThing Rule = "L15"
	// RuleClientIDInFilter is ${iot:ClientId} in a topic filter while a client may call itself + or #.
	// Restrict the client IDs of iot:Connect.
	RuleClientIDInFilter Rule = "L16"
	// RuleCertificateVariable is a variable of the certificate that is not substituted for a device.
	// Use another variable, or another certificate.
	RuleCertificateVariable Rule = "L17"
	// RuleSharedName is a topic with the common name of the certificate, which several devices share.
	// Use the name of the thing.
	RuleSharedName Rule = "L18"
	// RuleAttribute is a variable of an attribute that the thing of a device does not have. Set the
	// attribute.
	RuleAttribute Rule = "L19"
	// RuleUnknownAction is an action that no device performs: misspelled, with a wrong prefix or of
	// the control plane. It has no effect. Correct or remove it.
	RuleUnknownAction Rule = "L20"
	// RuleRetain allows iot:RetainPublish where iot:Publish is not allowed, or on a reserved topic,
	// which retains nothing. Allow both on the same topics.
	RuleRetain Rule = "L21"
	// RuleConnectFeature refuses the will or the persistent session of a device that could connect
	// without, or publishing its will. Allow iot:ConnectAttributes and the topic of the will.
	RuleConnectFeature Rule = "L22"
	// RuleLimit is a topic or client ID that AWS refuses: more than 7 slashes, 256 bytes of topic or
	// 128 bytes of client ID, or a reserved prefix. Shorten or rename it.
	RuleLimit Rule = "L23"
	// RuleWideSubscription subscribes to all topics of shadows or jobs, or allows more filters than a
	// connection can have. Subscribe to the topics that the device uses.
	RuleWideSubscription Rule = "L24"
	// RuleQuota is a document of more than 80 % of [MaxSize], or more policies or versions than AWS
	// allows. [Finding.Text] is one of the constants Quota…. Shorten the document, detach a policy or delete a version.
	RuleQuota Rule = "L25"
	// RuleOtherTarget is an ARN of another partition, region or account than the device connects to.
	// Correct it, or write *.
	RuleOtherTarget Rule = "L26"
	// RuleCrossingLevels is an asterisk for a level of a topic, which matches several levels too.
	// Write the level, or accept it.
	RuleCrossingLevels Rule = "L27"
	// RuleThingOverHTTP is a variable of a thing for a device that uses HTTP, or with an action of
	// Greengrass. It is not substituted. Write the name.
	RuleThingOverHTTP Rule = "L28"
	// RuleHTTPOnly allows an API action over HTTP to devices that use MQTT. It has no effect. Allow
	// the topics under $aws/things/.
	RuleHTTPOnly Rule = "L29"
	// RuleUnknownVariable is a variable that does not exist, such as ${iot:Thing.ThingName}, so that
	// the resource or value never matches. Correct it.
	RuleUnknownVariable Rule = "L30"
	// RuleAbsentKey allows by ForAllValues on a field of the certificate, which is true for a
	// certificate without that field. Use ForAnyValue.
	RuleAbsentKey Rule = "L31"
)

// What [RuleCertificate] finds.
const (
	CertificateExpired  = "expired"
	CertificateExpiring = "expiring"
	CertificateWeakKey  = "weak-key"
	CertificateOld      = "old"
)

// What [RuleQuota] finds.
const (
	QuotaSize                = "size"
	QuotaCertificatePolicies = "certificate-policies"
	QuotaGroupPolicies       = "group-policies"
	QuotaVersions            = "versions"
)

// A Severity is how grave a finding is.
type Severity string

// The severities. Critical, high and medium are risks; an error is what does not work.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Error    Severity = "error"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// severities are the severities of the rules. Some findings of L9 and L25 have another.
var severities = map[Rule]Severity{
	RuleConnectAny: Critical, RuleConnectOwnID: Critical, RulePublishOthers: Critical, RuleSubscribeOthers: Critical,
	RuleThingAny: Critical, RuleDenyMQTTWildcard: Medium, RuleDenySubscribeOnly: Medium, RuleRoleAliasAny: Critical,
	RuleCertificate: Medium, RuleNoConnect: Error, RuleNoReceive: Error, RuleWrongType: Error, RuleAllowMQTTWildcard: Error,
	RuleDenyVariable: Warning, RuleNoThing: Error, RuleClientIDInFilter: High, RuleCertificateVariable: Error, RuleSharedName: High,
	RuleAttribute: Error, RuleUnknownAction: Warning, RuleRetain: Error, RuleConnectFeature: Error, RuleLimit: Error,
	RuleWideSubscription: Info, RuleQuota: Error, RuleOtherTarget: Error, RuleCrossingLevels: Info, RuleThingOverHTTP: Error,
	RuleHTTPOnly: Info, RuleUnknownVariable: Error, RuleAbsentKey: Warning,
}

// Rules returns all rules in the order of their numbers.
func Rules() []Rule {
	return []Rule{
		RuleConnectAny, RuleConnectOwnID, RulePublishOthers, RuleSubscribeOthers, RuleThingAny, RuleDenyMQTTWildcard,
		RuleDenySubscribeOnly, RuleRoleAliasAny, RuleCertificate, RuleNoConnect, RuleNoReceive, RuleWrongType,
		RuleAllowMQTTWildcard, RuleDenyVariable, RuleNoThing, RuleClientIDInFilter, RuleCertificateVariable, RuleSharedName,
		RuleAttribute, RuleUnknownAction, RuleRetain, RuleConnectFeature, RuleLimit, RuleWideSubscription, RuleQuota,
		RuleOtherTarget, RuleCrossingLevels, RuleThingOverHTTP, RuleHTTPOnly, RuleUnknownVariable, RuleAbsentKey,
	}
}
