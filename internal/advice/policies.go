package advice

import (
	"slices"

	"github.com/thingpress/thingpress/policy"
)

// ForRule returns what a finding of the linter means and what to do about it. The text is that of
// the finding, which for some rules says what of it was found.
func ForRule(rule policy.Rule, text string) Advice {
	if known := forCode(ruleRows, string(rule)+" "+text); known.Meaning != "" {
		return known
	}
	return forCode(ruleRows, string(rule))
}

// ForReason returns why a policy variable is not substituted.
func ForReason(reason policy.Reason) Advice { return forCode(reasonRows, string(reason)) }

// ForQuestion returns what AWS does not document, and what the decision assumes.
func ForQuestion(question policy.Question) Advice { return forCode(questionRows, string(question)) }

// ForProblem returns what AWS IoT accepts in a document although it cannot be meant.
func ForProblem(code policy.Code) string { return forCode(problemRows, string(code)).Meaning }

func forCode(rows []row, code string) Advice {
	if i := slices.IndexFunc(rows, func(r row) bool { return r.code == code }); i >= 0 {
		return rows[i].advice(CLI)
	}
	return Advice{}
}

var ruleRows = []row{
	{
		code: "L1", meaning: "a device may connect with any client ID, and take the place of another device",
		todo: "allow client/${iot:Connection.Thing.ThingName}, or add the condition iot:Connection.Thing.IsAttached",
	},
	{
		code: "L2", meaning: "client/${iot:ClientId} allows any client ID",
		todo: "add the condition iot:Connection.Thing.IsAttached, or write client/${iot:Connection.Thing.ThingName}",
	},
	{
		code: "L3", meaning: "a device may publish to shadows or jobs of other things",
		todo: "write $aws/things/${iot:Connection.Thing.ThingName}/",
	},
	{
		code: "L4", meaning: "a device may subscribe to shadows or jobs of other things",
		todo: "write $aws/things/${iot:Connection.Thing.ThingName}/",
	},
	{
		code: "L5", meaning: "a device may call the API on shadows or jobs of any thing",
		todo: "write thing/ and the name of the thing",
	},
	{code: "L6", meaning: "+ and # are not wildcards in a policy, so this denies next to nothing", todo: "write * instead"},
	{
		code: "L7", meaning: "messages still arrive through a wider topic filter, since only iot:Subscribe is denied",
		todo: "deny iot:Receive on the same topics",
	},
	{code: "L8", meaning: "a device may get credentials of any role alias", todo: "name the role alias"},
	{code: "L9", meaning: "the certificate is not as Device Defender wants it", todo: "ask the vendor for a new certificate"},
	{code: "L9 expired", meaning: "the certificate has expired", todo: "ask the vendor for a new certificate"},
	{code: "L9 expiring", meaning: "the certificate expires within 30 days", todo: "ask the vendor for a new certificate"},
	{code: "L9 weak-key", meaning: "the key can be factored (CVE-2017-15361)", todo: "ask the vendor for chips with new keys"},
	{code: "L9 old", meaning: "the certificate is older than 365 days, which Device Defender reports"},
	{
		code: "L10", meaning: "no policy allows iot:Connect with the client ID of the device",
		todo: "allow iot:Connect on client/${iot:Connection.Thing.ThingName}, or give the client ID of the firmware with --client-id",
	},
	{code: "L11", meaning: "a subscription is allowed, but none of its messages", todo: "allow iot:Receive on topic/ and the same topics"},
	{
		code: "L12", meaning: "the action never matches a resource of this type",
		todo: "write topicfilter/ for iot:Subscribe, topic/ for iot:Publish and iot:Receive, and thing/ for shadows and jobs",
	},
	{code: "L13", meaning: "no topic has a + or #, so this allows nothing", todo: "write * instead"},
	{code: "L14", meaning: "if the variable is not substituted, this denies nothing", todo: "allow less instead of denying"},
	{
		code: "L15", meaning: "the connection belongs to no thing, so that variables of the thing have no value",
		todo: "use the name of the thing as the client ID, or import with --exclusive",
	},
	{
		code: "L16", meaning: "a client that calls itself + or # reads the topics of all devices",
		todo: "restrict the client IDs of iot:Connect",
	},
	{
		code: "L17", meaning: "the variable is not substituted for the certificate of the device",
		todo: "use ${iot:Connection.Thing.ThingName}, or leave these devices out with --skip",
	},
	{code: "L18", meaning: "several devices share this common name, and so the topic", todo: "use ${iot:Connection.Thing.ThingName}"},
	{code: "L19", meaning: "the thing does not have the attribute", todo: "set it with --attribute"},
	{code: "L20", meaning: "no device can do this action, so it has no effect", todo: "correct or remove it"},
	{
		code: "L21", meaning: "iot:RetainPublish needs iot:Publish on the same topic, and reserved topics retain nothing",
		todo: "allow both actions on the same topics",
	},
	{
		code: "L22", meaning: "the will or the persistent session of the device is refused",
		todo: "allow it with iot:ConnectAttributes, and iot:Publish on the topic of the will",
	},
	{code: "L23", meaning: "AWS IoT refuses such a topic or client ID", todo: "shorten or rename it"},
	{code: "L24", meaning: "the subscription is wider than a connection can use", todo: "name the topics that the device uses"},
	{code: "L25", meaning: "a limit of AWS IoT is near or exceeded", todo: "shorten the document, detach a policy or delete a version"},
	{
		code: "L25 size", meaning: "the document has more than 80 % of the characters that AWS IoT accepts",
		todo: "list resources of one action in one statement",
	},
	{code: "L25 certificate-policies", meaning: "a certificate can have at most 10 policies", todo: "merge policies"},
	{code: "L25 group-policies", meaning: "a thing group can have at most 2 policies", todo: "merge policies"},
	{code: "L25 versions", meaning: "the policy has five versions, so that no further one can be created", todo: "delete a version"},
	{code: "L26", meaning: "the ARN is of another partition, region or account", todo: "correct it, or write *"},
	{
		code: "L27", meaning: "* also matches several levels of a topic",
		todo: "name the levels that the device uses, or leave it if it may use all of them",
	},
	{code: "L28", meaning: "variables of the thing have no value over HTTP and in Greengrass", todo: "write the name of the thing"},
	{code: "L29", meaning: "this action is one of the HTTP API, and has no effect over MQTT", todo: "allow the topics below $aws/things/"},
	{code: "L30", meaning: "the variable does not exist, so this never matches", todo: "correct its name"},
	{code: "L31", meaning: "ForAllValues is true for a certificate without the field", todo: "use ForAnyValue"},
}

var reasonRows = []row{
	{code: "missing", meaning: "the device has no value for it"},
	{code: "special-character", meaning: "AWS IoT does not substitute values with one of the characters * $ + ? #"},
	{code: "value-too-long", meaning: "AWS IoT does not substitute values of more than 1,024 characters"},
	{code: "beyond-five-values", meaning: "AWS IoT keeps only the first five values of a field"},
	{code: "no-thing", meaning: "the connection belongs to no thing, because the client ID is not the name of a thing of the certificate"},
	{code: "http", meaning: "variables of the thing have no value over HTTP"},
	{code: "list", meaning: "it has several values, which only a condition can compare"},
	{code: "unknown-variable", meaning: "there is no such variable"},
}

var questionRows = []row{
	{code: "unresolved-variable-in-deny", meaning: "what a denial with a variable that is not substituted denies; assumed: nothing"},
	{
		code:    "unresolved-variable-in-not-resource",
		meaning: "whether NotResource with a variable that is not substituted matches; assumed: yes",
	},
	{code: "wildcard-in-client-id", meaning: "whether * or ? in a client ID is a wildcard; assumed: no"},
	{
		code:    "unconditioned-connect-features",
		meaning: "whether a will or a persistent session needs a condition that allows it; assumed: no",
	},
	{code: "not-action", meaning: "what NotAction means; assumed: the same as in IAM"},
	{code: "action-case", meaning: "whether the case of an action counts; assumed: no"},
	{code: "action-wildcard", meaning: "whether an action may have wildcards; assumed: yes"},
	{code: "job-action-prefix", meaning: "whether iot and iotjobsdata are one prefix; assumed: no"},
	{code: "old-version", meaning: "whether documents without version 2012-10-17 have variables; assumed: no"},
	{
		code:    "client-id-is-not-the-exclusive-thing",
		meaning: "whether IsAttached holds for a certificate with an exclusive thing and another client ID; assumed: yes",
	},
	{
		code:    "undocumented-condition",
		meaning: "what the condition means; assumed: the same as in IAM, and keys that AWS IoT does not name are absent",
	},
	{code: "operator-without-set", meaning: "how a plain operator compares several values; assumed: one must fit"},
	{code: "special-character-in-key", meaning: "whether a value with one of the characters * $ + ? # is compared; assumed: yes"},
	{code: "form-of-serial-number", meaning: "how the serial number is written; assumed: in hexadecimal"},
}

var problemRows = []row{
	{code: "old-version", meaning: "without version 2012-10-17, variables may be taken literally"},
	{code: "unknown-element", meaning: "AWS IoT does not know the element"},
	{code: "repeated-element", meaning: "the element is repeated, and only the last one counts"},
	{code: "principal", meaning: "a policy of AWS IoT applies to what it is attached to, and needs no principal"},
	{code: "unknown-action", meaning: "no device can do this action, so it never matches"},
	{code: "not-action", meaning: "AWS IoT documents no NotAction"},
	{code: "unknown-operator", meaning: "there is no such operator, so the condition is never met"},
}
