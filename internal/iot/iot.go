// Package iot describes AWS IoT Core as Thingpress uses it: its operations, its
// resources as far as an import needs them, the interfaces through which it is
// called, and the classes of its errors. Package awsiot implements the interfaces
// on the AWS SDK.
package iot

import (
	"context"
	"time"
)

// In the interfaces below each method makes one call of the operation of its
// name, without retries, paging or reading ahead. Calls that fail return an
// *[APIError]. All methods are safe for concurrent use, and return soon after
// their context ends.

// Certificates registers and reads device certificates.
type Certificates interface {
	// RegisterCertificateWithoutCA registers a leaf certificate, one PEM block.
	RegisterCertificateWithoutCA(ctx context.Context, pem string, status Status) (arn string, err error)
	DescribeCertificate(ctx context.Context, id string) (Certificate, error)
	UpdateCertificate(ctx context.Context, id string, status Status) error
	// ListCertificates returns one page; an empty next token is the last.
	ListCertificates(ctx context.Context, token string) (page []Certificate, next string, err error)
}

// Things creates and reads things.
type Things interface {
	// CreateThing succeeds for a thing that exists with the same configuration.
	CreateThing(ctx context.Context, thing Thing) error
	DescribeThing(ctx context.Context, name string) (Thing, error)
	// UpdateThing sets the type, if there is one, and merges the attributes.
	UpdateThing(ctx context.Context, thing Thing) error
	AddThingToBillingGroup(ctx context.Context, thing, group string) error
	ListThings(ctx context.Context, token string) (page []Thing, next string, err error)
}

// Principals attaches certificates to things, and reads what is attached.
type Principals interface {
	AttachThingPrincipal(ctx context.Context, thing, arn string, exclusive bool) error
	ListThingPrincipals(ctx context.Context, thing, token string) (page []Link, next string, err error)
	ListThingPrincipalsV2(ctx context.Context, thing, token string) (page []Link, next string, err error)
	ListPrincipalThings(ctx context.Context, arn, token string) (page []Link, next string, err error)
	ListPrincipalThingsV2(ctx context.Context, arn, token string) (page []Link, next string, err error)
}

// Policies attaches policies to certificates, and reads what is attached.
// Targets are ARNs of certificates or thing groups.
type Policies interface {
	AttachPolicy(ctx context.Context, policy, target string) error
	// ListAttachedPolicies includes the policies that a thing group inherits.
	ListAttachedPolicies(ctx context.Context, target, token string) (policies []string, next string, err error)
	ListTargetsForPolicy(ctx context.Context, policy, token string) (targets []string, next string, err error)
}

// Groups adds things to thing groups, and reads memberships.
type Groups interface {
	AddThingToThingGroup(ctx context.Context, group, thing string) error
	// UpdateThingGroupsForThing adds to all the groups in one call and removes from none.
	UpdateThingGroupsForThing(ctx context.Context, thing string, groups []string) error
	ListThingGroupsForThing(ctx context.Context, thing, token string) (groups []string, next string, err error)
	ListThingsInThingGroup(ctx context.Context, group, token string) (things []string, next string, err error)
}

// Removals takes back what an import made. No import calls it.
type Removals interface {
	DetachPolicy(ctx context.Context, policy, target string) error
	// DetachThingPrincipal takes effect some seconds later.
	DetachThingPrincipal(ctx context.Context, thing, arn string) error
	RemoveThingFromThingGroup(ctx context.Context, group, thing string) error
	// DeleteCertificate deletes a certificate that is not ACTIVE. As long as something is attached to it,
	// or AWS has not noticed that it was detached, the error is of [ClassInUse].
	DeleteCertificate(ctx context.Context, id string) error
	// DeleteThing deletes a thing of this version. The error is as for a certificate. It succeeds for a
	// thing that does not exist.
	DeleteThing(ctx context.Context, name string, version int64) error
}

// Checks reads the resources to which devices are attached.
type Checks interface {
	GetPolicy(ctx context.Context, name string) (Policy, error)
	DescribeThingType(ctx context.Context, name string) (ThingType, error)
	DescribeThingGroup(ctx context.Context, name string) (ThingGroup, error)
	DescribeBillingGroup(ctx context.Context, name string) error
}

// Authorizations asks AWS what a device may do.
type Authorizations interface {
	// GetEffectivePolicies returns the policies of a principal, and with the name of a thing also those
	// of its groups. The policies have no Version.
	GetEffectivePolicies(ctx context.Context, principal, thing string) ([]Policy, error)
	// TestAuthorization decides up to [MaxAuthInfos] requests as if policies were added or left out.
	TestAuthorization(ctx context.Context, in AuthorizationTest) ([]AuthResult, error)
}

// MaxAuthInfos is the number of requests that one TestAuthorization decides.
const MaxAuthInfos = 10

// TestedAction returns the name that TestAuthorization has for an action such as iot:Publish, or an
// empty string if it does not know the action.
func TestedAction(action string) string {
	switch action {
	case "iot:Connect":
		return "CONNECT"
	case "iot:Publish":
		return "PUBLISH"
	case "iot:Subscribe":
		return "SUBSCRIBE"
	case "iot:Receive":
		return "RECEIVE"
	}
	return ""
}

// An AuthorizationTest has the parameters of TestAuthorization.
type AuthorizationTest struct {
	Principal, ClientID string
	Infos               []AuthInfo
	Add, Skip           []string // names of policies
}

// An AuthInfo is an action, such as PUBLISH, on a resource.
type AuthInfo struct{ Action, Resource string }

// An AuthResult is AWS's decision on a request: ALLOWED, EXPLICIT_DENY or IMPLICIT_DENY, and the
// context values that AWS misses.
type AuthResult struct {
	Decision string
	Missing  []string
}

// AWS combines all interfaces with the clock of AWS.
type AWS struct {
	Certificates Certificates
	Things       Things
	Principals   Principals
	Policies     Policies
	Groups       Groups
	Checks       Checks
	Removals     Removals
	// Now returns the time by AWS's clock: the Date header of the last answer
	// plus the time since. Before the first answer it is the machine's time.
	Now func() time.Time
}

// A Certificate is a registered device certificate.
type Certificate struct {
	ID, ARN string
	Status  Status
	// Created is when it was registered, by AWS's clock.
	Created time.Time
	// PEM is the certificate. Lists leave it out.
	PEM string
}

// A Thing is a thing in the registry.
type Thing struct {
	Name string
	// Type and BillingGroup are empty if there is none. ListThings leaves
	// BillingGroup empty.
	Type, BillingGroup string
	Attributes         map[string]string
	// Version is 1 for a new thing, and grows with every update; 0 if it is not known.
	Version int64
}

// A Policy is a policy with its default version.
type Policy struct {
	Name, Document string
	// Version is the ID of the default version, such as 1.
	Version string
}

// A Link is one end of an attachment of a principal to a thing.
type Link struct {
	// Name is a thing's name or a principal's ARN.
	Name string
	// Type is EXCLUSIVE_THING or NON_EXCLUSIVE_THING. Only the V2 operations
	// return it; otherwise it is empty.
	Type string
}

// ThingType is a thing type, as far as a check needs it.
type ThingType struct {
	Deprecated bool
}

// ThingGroup is a thing group, as far as a check needs it.
type ThingGroup struct {
	ARN string
	// Query is set for dynamic groups.
	Query string
	// Root is the name of the group at the top of the hierarchy; a root's own name.
	Root string
}
