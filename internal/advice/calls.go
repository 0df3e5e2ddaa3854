package advice

import (
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/nearest"
)

const (
	myNetwork        = "check the network connection of this machine"
	needsProxy       = "; if this network needs a proxy, name it in HTTPS_PROXY"
	checkTarget      = "correct --endpoint-url, or start what should answer there"
	renewCredentials = "renew the credentials, for example with 'aws sso login'," + again

	assumeRole  = "sts:AssumeRole"
	allowedRole = "check that the role of the function is as the template defines it"
)

// faultRows has the faults of calls, whatever the call. A stack has the network and the
// credentials of its functions, about which its operator can do little.
var faultRows = []row{
	{string(iot.FaultRefused), "the endpoint refuses connections", "check the firewall of this network" + needsProxy, nothing},
	{string(iot.FaultNoRoute), "the network does not reach the endpoint", myNetwork + needsProxy, nothing},
	{string(iot.FaultSilent), "the endpoint does not answer", myNetwork + needsProxy, nothing},
	{string(iot.FaultUnknownHost), "the name of the endpoint cannot be resolved", myNetwork + " and its DNS", nothing},
	{
		string(iot.FaultNoEndpoint), "AWS has no such endpoint",
		"correct the region with --region, AWS_REGION or --profile; if it is right, " + myNetwork + " and its DNS", nothing,
	},
	{string(iot.FaultBroken), "the connection broke", myNetwork + again, nothing},
	{
		string(iot.FaultUntrusted), "somebody else answers for the endpoint, such as a proxy that inspects TLS",
		"if your network inspects TLS, name the file with its CA certificate in AWS_CA_BUNDLE" + again, nothing,
	},
	{string(iot.FaultNoTLS), "the endpoint does not speak TLS", "begin --endpoint-url with http:// if that is intended", nothing},
	{
		string(iot.FaultProxyRefuses), "the proxy does not allow the endpoint",
		"ask for the proxy to allow it, or name the host in NO_PROXY" + again, nothing,
	},
	{
		string(iot.FaultProxyPassword), "the proxy demands a user name and a password",
		"put them into HTTPS_PROXY, as in http://USER:PASSWORD@HOST:PORT," + again, nothing,
	},
	{
		string(iot.FaultProxyDown), "the proxy cannot be reached",
		"correct HTTPS_PROXY, or name hosts that need no proxy in NO_PROXY", nothing,
	},
	{string(iot.FaultBusy), "the endpoint has a fault or too much to do", "wait a minute" + again, nothing},
	{
		string(iot.FaultForeign), "another server answers for the endpoint",
		"correct --endpoint-url; without it, look for a proxy or a login page of the network", nothing,
	},
	{
		string(iot.FaultNoCredentials), "there are no AWS credentials",
		"name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", allowedRole,
	},
	{string(iot.FaultCredentials), "the AWS credentials cannot be obtained", "correct the profile in ~/.aws/config" + again, allowedRole},
	{string(iot.FaultLogin), "the login session has expired", "log in with 'aws sso login'" + again, allowedRole},
	{string(iot.FaultExpired), "the credentials have expired", renewCredentials, allowedRole},
	{
		string(iot.FaultUnknownKey), "AWS does not know the access key",
		"correct the credentials; if they are right, enable the region for the account, or choose another one with --region", allowedRole,
	},
	{string(iot.FaultWrongSignature), "the secret access key is wrong", "correct the credentials" + again, allowedRole},
	{
		string(iot.FaultWrongRegion), "the endpoint belongs to another region",
		"correct the region with --region, AWS_REGION or --profile", nothing,
	},
	{string(iot.FaultNoBucket), "there is no such bucket", "list the buckets of the account with aws s3 ls", nothing},
	{string(iot.FaultNoObject), "there is no such object in the bucket", "list what is there with aws s3 ls", nothing},
	{string(iot.FaultNoVersion), "the object has no such version", listVersions, nothing},
	{string(iot.FaultDeleted), "the version is the marker of a deletion", listVersions, nothing},
	{string(iot.FaultArchived), "the object is in an archive storage class", "restore it with aws s3api restore-object" + again, nothing},
	{string(iot.FaultReplaced), "it was replaced while it was read", ReplacedObject, nothing},
	{string(iot.FaultUnusableKey), "the KMS key of the object cannot be used", "enable the key" + again, nothing},
}

// ofCall returns the advice for a failed call that does not concern a device.
func ofCall(api *iot.APIError, s Surface) Advice {
	stack := s == Stack
	if api.Class == iot.ClassClockSkew {
		if stack {
			return Advice{Meaning: "the clock of the function is wrong"}
		}
		return Advice{"the clock of this machine is wrong", "set the clock of this machine" + again}
	}
	for i := range faultRows {
		if faultRows[i].code == string(api.Fault) {
			return ofFault(&faultRows[i], api, s)
		}
	}
	switch {
	case api.Class == iot.ClassCredentials && stack:
		return Advice{"AWS does not accept the credentials", "check that the role of the importer function is as the template defines it"}
	case api.Class == iot.ClassCredentials:
		return Advice{"AWS does not accept the credentials", renewCredentials}
	case api.Class != iot.ClassImport:
		return Advice{}
	case iot.FaultOfCode(api.Code) == iot.FaultDenied:
		return ofDenied(api, s)
	case stack:
		return Advice{"AWS refuses the import as a whole", "fix what the error names"}
	}
	return Advice{"AWS refuses the import as a whole", "fix the cause" + again}
}

// ofFault returns the advice of a row. On this machine the endpoint may be another one than AWS's,
// which the operator has named.
func ofFault(r *row, api *iot.APIError, s Surface) Advice {
	found := r.advice(s)
	switch api.Fault {
	case iot.FaultRefused, iot.FaultNoRoute, iot.FaultSilent, iot.FaultUnknownHost:
		if s != Stack && api.Host != "" && !iot.OfAWS(api.Host) {
			found.Todo = checkTarget
		}
	case iot.FaultNoEndpoint:
		if near := nearest.Of(iot.RegionOf(api.Host), iot.Regions()); s != Stack && near != "" {
			found.Todo = "correct the region, for example with --region " + near
		}
	case iot.FaultCredentials:
		if s != Stack && api.Action == assumeRole {
			found.Todo = "allow " + assumeRole + " for the profile's source of credentials, and let the trust policy of the role allow them" + again
		}
	}
	return found
}

// ofDenied returns the advice for a call that the credentials may not make.
func ofDenied(api *iot.APIError, s Surface) Advice {
	action := api.Action
	if action == "" {
		action = "iot:" + api.Operation
	}
	found := Advice{Meaning: "the credentials are not allowed to call " + api.Operation}
	if s == Stack {
		found.Todo = "allow " + action + " for the role of the importer function, and check whether a service control policy denies it"
	} else {
		found.Todo = "allow " + action + " for these credentials (docs/iam.md has the policies)" + again
	}
	return found
}
