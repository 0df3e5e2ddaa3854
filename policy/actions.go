package policy

import "strings"

// actions are the actions that a device can perform (developer guide, "AWS IoT Core policy
// actions" and "AWS IoT Core action resources"), and those of Greengrass core devices, whose
// policies are AWS IoT policies too ("Minimal AWS IoT policy for AWS IoT Greengrass V2 core
// devices"). The actions of jobs had the prefix iot in older texts.
var actions = []string{
	"iot:Connect", "iot:Publish", "iot:RetainPublish", "iot:Subscribe", "iot:Receive",
	"iot:GetRetainedMessage", "iot:ListRetainedMessages",
	"iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow", "iot:ListNamedShadowsForThing",
	"iot:AssumeRoleWithCertificate",
	"iotjobsdata:DescribeJobExecution", "iotjobsdata:GetPendingJobExecutions",
	"iotjobsdata:StartNextPendingJobExecution", "iotjobsdata:UpdateJobExecution",
	"iot:DescribeJobExecution", "iot:GetPendingJobExecutions", "iot:StartNextPendingJobExecution", "iot:UpdateJobExecution",
	"greengrass:Discover", "greengrass:GetComponentVersionArtifact", "greengrass:GetConnectivityInfo",
	"greengrass:GetDeploymentConfiguration", "greengrass:ListThingGroupsForCoreDevice", "greengrass:PutCertificateAuthorities",
	"greengrass:ResolveComponentCandidates", "greengrass:UpdateConnectivityInfo", "greengrass:UpdateCoreDeploymentStatus",
	"greengrass:VerifyClientDeviceIdentity", "greengrass:VerifyClientDeviceIoTCertificateAssociation",
}

// Known reports whether an action, or a pattern of actions, matches one that a device can
// perform. Case does not count, as in IAM; AWS IoT documents no rule.
func (a Action) Known() bool {
	for _, known := range actions {
		if matchWildcards(strings.ToLower(a.Text), strings.ToLower(known)) {
			return true
		}
	}
	return false
}

// matchWildcards reports whether a text matches a pattern in which * stands for any characters
// and ? for one.
func matchWildcards(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
