package iot

import (
	"slices"
	"strings"
)

// A Fault is why a call had no answer of AWS, or why AWS refused it whatever it was about. Faults
// are stable. Package advice has what to do about each.
type Fault string

// Faults of the network.
const (
	FaultRefused       Fault = "connection-refused"    // nothing listens at Host
	FaultNoRoute       Fault = "no-route"              // the network does not reach Host
	FaultSilent        Fault = "no-answer"             // Host did not answer in time
	FaultUnknownHost   Fault = "unknown-host"          // the name Host cannot be resolved
	FaultNoEndpoint    Fault = "no-endpoint"           // AWS has no endpoint Host: the region is wrong
	FaultBroken        Fault = "connection-broken"     // the connection to Host broke
	FaultUntrusted     Fault = "untrusted-certificate" // the certificate of Host cannot be verified
	FaultNoTLS         Fault = "no-tls"                // Host does not speak TLS
	FaultProxyRefuses  Fault = "proxy-refuses"         // the proxy Host refused the connection
	FaultProxyPassword Fault = "proxy-password"        // the proxy Host demands a user name and a password
	FaultProxyDown     Fault = "proxy-down"            // the proxy Host cannot be reached
	FaultBusy          Fault = "error-status"          // Host has a fault or too much to do
	FaultForeign       Fault = "foreign-answer"        // Host is not AWS
)

// Faults of credentials and permissions.
const (
	FaultNoCredentials  Fault = "no-credentials"         // there are none
	FaultCredentials    Fault = "credentials-unobtained" // the profile's source of credentials failed
	FaultLogin          Fault = "login-expired"          // the session of a login, such as of SSO, ended
	FaultExpired        Fault = "credentials-expired"
	FaultUnknownKey     Fault = "unknown-access-key" // the region may be disabled for the account
	FaultWrongSignature Fault = "wrong-signature"    // the secret access key is wrong
	FaultWrongRegion    Fault = "wrong-region"       // the endpoint belongs to another region
	FaultDenied         Fault = "denied"             // the credentials may not do it
)

// Faults of objects in S3 (Amazon S3 API Reference, Error responses).
const (
	FaultNoBucket    Fault = "no-such-bucket"
	FaultNoObject    Fault = "no-such-object"
	FaultNoVersion   Fault = "no-such-version"
	FaultDeleted     Fault = "deleted-object"   // the version is the marker of a deletion
	FaultArchived    Fault = "archived-object"  // its storage class has to be restored before it can be read
	FaultReplaced    Fault = "replaced-object"  // it has changed since it was opened
	FaultUnusableKey Fault = "unusable-kms-key" // the KMS key of the object is disabled or deleted
)

// deniedCodes are the error codes of calls that the credentials may not make.
var deniedCodes = []string{
	"AccessDeniedException", "AccessDenied", "UnauthorizedException", "NotAuthorized", "ForbiddenException", "Forbidden",
	"UnauthorizedOperation",
}

// FaultOfCode returns the fault that an error code of AWS stands for, or "".
func FaultOfCode(code string) Fault {
	switch code {
	case "ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired":
		return FaultExpired
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		return FaultUnknownKey
	case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException":
		return FaultWrongSignature
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return FaultWrongRegion
	case "NoSuchBucket", "InvalidBucketName":
		return FaultNoBucket
	case "NoSuchKey":
		return FaultNoObject
	case "NoSuchVersion":
		return FaultNoVersion
	case "MethodNotAllowed":
		return FaultDeleted
	case "PreconditionFailed":
		return FaultReplaced
	case "InvalidObjectState":
		return FaultArchived
	}
	if strings.HasPrefix(code, "KMS.") {
		return FaultUnusableKey
	}
	if slices.Contains(deniedCodes, code) {
		return FaultDenied
	}
	return ""
}

// sentence returns the cause of an error that is not an answer of AWS, or "" for other faults.
func (e *APIError) sentence() string {
	host, proxy := e.Host, "the proxy "+e.Host
	if host == "" {
		host, proxy = "the endpoint", "the proxy"
	}
	switch e.Fault {
	case FaultRefused:
		return host + " refuses connections"
	case FaultNoRoute:
		return host + " cannot be reached from this network"
	case FaultSilent:
		return host + " does not answer"
	case FaultUnknownHost:
		return "the host name " + host + " is unknown"
	case FaultNoEndpoint:
		return "AWS has no endpoint " + host
	case FaultBroken:
		return "the connection to " + host + " broke"
	case FaultUntrusted:
		return "the certificate of " + host + " is not trusted: " + e.Message
	case FaultNoTLS:
		return host + " does not speak TLS"
	case FaultProxyRefuses:
		return proxy + " refuses the connection: " + e.Message
	case FaultProxyPassword:
		return proxy + " demands a user name and a password: " + e.Message
	case FaultProxyDown:
		return proxy + " cannot be reached"
	case FaultBusy:
		return host + " answers " + e.Message
	case FaultForeign:
		return host + " does not answer as AWS does: " + e.Message
	case FaultNoCredentials:
		return "there are no AWS credentials"
	case FaultCredentials:
		return "the AWS credentials cannot be obtained: " + e.Message
	case FaultLogin:
		return "the login session has expired, or nobody has logged in yet"
	}
	return ""
}

// OfAWS reports whether a host is AWS's.
func OfAWS(host string) bool {
	name, _, _ := strings.Cut(host, ":")
	return strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn")
}
