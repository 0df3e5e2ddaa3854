package advice

import (
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
)

// An Object is an object in S3 that a command line names.
type Object struct {
	Bucket, Key string
	Version     string // empty for the current one
	// RequesterPays reports whether the request said that it pays.
	RequesterPays bool
}

// ReplacedObject is what to do about an object that changed while it was read.
const ReplacedObject = "wait until the upload has ended" + again

const listVersions = "list its versions with aws s3api list-object-versions"

// CopyObjects returns what to do instead of naming a directory in S3, such as s3://factory/reels/.
func CopyObjects(name string) string {
	return "copy it with aws s3 sync " + shellName(name) + " manifests, and name the directory manifests"
}

// OfObject returns the advice for a failed call that was to read an object. It is zero for an error that says enough.
func OfObject(api *iot.APIError, o Object) Advice {
	bucket, key := shellName(o.Bucket), shellName(o.Key)
	url := "s3://" + o.Bucket + "/" + o.Key
	found := ofCall(api, CLI)
	switch api.Fault {
	case iot.FaultNoBucket, iot.FaultReplaced:
	case iot.FaultNoObject:
		found.Todo += " " + shellName(url[:strings.LastIndex(url, "/")+1])
	case iot.FaultNoVersion, iot.FaultDeleted:
		found.Todo += " --bucket " + bucket + " --prefix " + key
	case iot.FaultArchived:
		of := " --bucket " + bucket + " --key " + key
		if o.Version != "" {
			of += " --version-id " + shellName(o.Version)
		}
		found.Todo = "restore it with aws s3api restore-object" + of + " --restore-request Days=2" + again + " when it is there"
	case iot.FaultUnusableKey:
		found.Meaning += ": " + api.Message
	case iot.FaultDenied:
		return ofDeniedObject(api, o)
	case iot.FaultNoCredentials:
		found.Todo = "name a profile with --source-profile; a public object can be copied with aws s3 cp --no-sign-request " +
			shellName(url) + " ."
	case iot.FaultRefused, iot.FaultNoRoute, iot.FaultSilent, iot.FaultUnknownHost:
		if api.Host == "" || iot.OfAWS(api.Host) {
			return Advice{}
		}
		found = Advice{api.Error(), "correct AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or start what should answer there"}
	default:
		return Advice{}
	}
	return found
}

// ofDeniedObject returns the advice for an object that the credentials may not read.
func ofDeniedObject(api *iot.APIError, o Object) Advice {
	action := api.Action
	if action == "s3:GetObject" && o.Version != "" && o.Version != "null" {
		action = "s3:GetObjectVersion"
	}
	if strings.HasPrefix(action, "kms:") {
		return Advice{
			"the credentials may not use the KMS key of the object",
			"allow " + action + " for these credentials, in their policy and in that of the key (docs/iam.md has the policies)" + again,
		}
	}
	todo := "allow " + action + " for these credentials (docs/iam.md has the policies), or name others with --source-profile"
	if !o.RequesterPays {
		todo += "; if the requester pays for the bucket, add --request-payer requester"
	}
	return Advice{"the credentials may not read it, or there is no such object", todo}
}
