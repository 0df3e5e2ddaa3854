package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// operation is one operation of one of the services.
type operation struct {
	name   string
	handle handler
}

var unknownOperation = &operation{name: "Unknown"}

// restRoutes are the operations of AWS IoT, by method and path. "*" is one segment of a path,
// decoded, and "**" all remaining segments.
var restRoutes = newRoutes([]restRoute{
	{"POST", "certificate/register-no-ca", "RegisterCertificateWithoutCA", create((*registry.State).RegisterCertificate)},
	{"GET", "certificates", "ListCertificates", list("certificates", "nextMarker", (*registry.State).ListCertificates)},
	{"GET", "certificates/*", "DescribeCertificate", describe((*registry.State).DescribeCertificate)},
	{"PUT", "certificates/*", "UpdateCertificate", change((*registry.State).UpdateCertificate)},
	{"DELETE", "certificates/*", "DeleteCertificate", change((*registry.State).DeleteCertificate)},
	{"POST", "certificates", "CreateCertificateFromCsr", createCertificateFromCSR},
	{"POST", "keys-and-certificate", "CreateKeysAndCertificate", createKeysAndCertificate},
	{"POST", "certificate/register", "RegisterCertificate", create((*registry.State).RegisterWithCA)},
	{
		"GET", "certificates-by-ca/*", "ListCertificatesByCA",
		list("certificates", "nextMarker", (*registry.State).ListCertificatesByCA),
	},
	{"PATCH", "transfer-certificate/*", "TransferCertificate", create((*registry.State).TransferCertificate)},
	{"PATCH", "accept-certificate-transfer/*", "AcceptCertificateTransfer", change((*registry.State).AcceptCertificateTransfer)},
	{"PATCH", "reject-certificate-transfer/*", "RejectCertificateTransfer", change((*registry.State).RejectCertificateTransfer)},
	{"PATCH", "cancel-certificate-transfer/*", "CancelCertificateTransfer", change((*registry.State).CancelCertificateTransfer)},
	{
		"GET", "certificates-out-going", "ListOutgoingCertificates",
		list("outgoingCertificates", "nextMarker", (*registry.State).ListOutgoingCertificates),
	},
	{"POST", "cacertificate", "RegisterCACertificate", create((*registry.State).RegisterCACertificate)},
	{"GET", "cacertificate/*", "DescribeCACertificate", describe((*registry.State).DescribeCACertificate)},
	{"PUT", "cacertificate/*", "UpdateCACertificate", change((*registry.State).UpdateCACertificate)},
	{"DELETE", "cacertificate/*", "DeleteCACertificate", change((*registry.State).DeleteCACertificate)},
	{"GET", "cacertificates", "ListCACertificates", list("certificates", "nextMarker", (*registry.State).ListCACertificates)},
	{"GET", "registrationcode", "GetRegistrationCode", create((*registry.State).GetRegistrationCode)},
	{"GET", "things", "ListThings", list("things", "nextToken", (*registry.State).ListThings)},
	{"POST", "things/*", "CreateThing", create((*registry.State).CreateThing)},
	{"GET", "things/*", "DescribeThing", describe((*registry.State).DescribeThing)},
	{"PATCH", "things/*", "UpdateThing", change((*registry.State).UpdateThing)},
	{"DELETE", "things/*", "DeleteThing", change((*registry.State).DeleteThing)},
	{"PUT", "things/*/principals", "AttachThingPrincipal", change((*registry.State).AttachThingPrincipal)},
	{"DELETE", "things/*/principals", "DetachThingPrincipal", change((*registry.State).DetachThingPrincipal)},
	{"GET", "things/*/principals", "ListThingPrincipals", list("principals", "nextToken", listThingPrincipals)},
	{
		"GET", "things/*/principals-v2", "ListThingPrincipalsV2",
		list("thingPrincipalObjects", "nextToken", (*registry.State).ListThingPrincipals),
	},
	{"GET", "principals/things", "ListPrincipalThings", list("things", "nextToken", listPrincipalThings)},
	{
		"GET", "principals/things-v2", "ListPrincipalThingsV2",
		list("principalThingObjects", "nextToken", (*registry.State).ListPrincipalThings),
	},
	{"GET", "policies", "ListPolicies", list("policies", "nextMarker", (*registry.State).ListPolicies)},
	{"POST", "policies/*", "CreatePolicy", create((*registry.State).CreatePolicy)},
	{"GET", "policies/*", "GetPolicy", describe((*registry.State).GetPolicy)},
	{"DELETE", "policies/*", "DeletePolicy", change((*registry.State).DeletePolicy)},
	{"POST", "policies/*/version", "CreatePolicyVersion", create((*registry.State).CreatePolicyVersion)},
	{"GET", "policies/*/version", "ListPolicyVersions", describe((*registry.State).ListPolicyVersions)},
	{"GET", "policies/*/version/*", "GetPolicyVersion", describe((*registry.State).GetPolicyVersion)},
	{"DELETE", "policies/*/version/*", "DeletePolicyVersion", change((*registry.State).DeletePolicyVersion)},
	{"PATCH", "policies/*/version/*", "SetDefaultPolicyVersion", change((*registry.State).SetDefaultPolicyVersion)},
	{"PUT", "principal-policies/*", "AttachPrincipalPolicy", change((*registry.State).AttachPrincipalPolicy)},
	{"DELETE", "principal-policies/*", "DetachPrincipalPolicy", change((*registry.State).DetachPrincipalPolicy)},
	{"GET", "principal-policies", "ListPrincipalPolicies", list("policies", "nextMarker", (*registry.State).ListPrincipalPolicies)},
	{"GET", "policy-principals", "ListPolicyPrincipals", list("principals", "nextMarker", (*registry.State).ListPolicyPrincipals)},
	{"PUT", "target-policies/*", "AttachPolicy", change((*registry.State).AttachPolicy)},
	{"POST", "target-policies/*", "DetachPolicy", change((*registry.State).DetachPolicy)},
	{"POST", "attached-policies/**", "ListAttachedPolicies", list("policies", "nextMarker", (*registry.State).ListAttachedPolicies)},
	{"POST", "policy-targets/*", "ListTargetsForPolicy", list("targets", "nextMarker", (*registry.State).ListTargetsForPolicy)},
	{"POST", "effective-policies", "GetEffectivePolicies", describe((*registry.State).GetEffectivePolicies)},
	{"POST", "test-authorization", "TestAuthorization", describe((*registry.State).TestAuthorization)},
	{"GET", "thing-types", "ListThingTypes", list("thingTypes", "nextToken", (*registry.State).ListThingTypes)},
	{"POST", "thing-types/*", "CreateThingType", create((*registry.State).CreateThingType)},
	{"GET", "thing-types/*", "DescribeThingType", describe((*registry.State).DescribeThingType)},
	{"DELETE", "thing-types/*", "DeleteThingType", change((*registry.State).DeleteThingType)},
	{"POST", "thing-types/*/deprecate", "DeprecateThingType", change((*registry.State).DeprecateThingType)},
	{"GET", "thing-groups", "ListThingGroups", list("thingGroups", "nextToken", (*registry.State).ListThingGroups)},
	{"PUT", "thing-groups/addThingToThingGroup", "AddThingToThingGroup", change((*registry.State).AddThingToThingGroup)},
	{"PUT", "thing-groups/removeThingFromThingGroup", "RemoveThingFromThingGroup", change((*registry.State).RemoveThingFromThingGroup)},
	{"PUT", "thing-groups/updateThingGroupsForThing", "UpdateThingGroupsForThing", change((*registry.State).UpdateThingGroupsForThing)},
	{"POST", "thing-groups/*", "CreateThingGroup", create((*registry.State).CreateThingGroup)},
	{"GET", "thing-groups/*", "DescribeThingGroup", describe((*registry.State).DescribeThingGroup)},
	{"PATCH", "thing-groups/*", "UpdateThingGroup", create((*registry.State).UpdateThingGroup)},
	{"DELETE", "thing-groups/*", "DeleteThingGroup", change((*registry.State).DeleteThingGroup)},
	{"GET", "thing-groups/*/things", "ListThingsInThingGroup", list("things", "nextToken", (*registry.State).ListThingsInThingGroup)},
	{
		"GET", "things/*/thing-groups", "ListThingGroupsForThing",
		list("thingGroups", "nextToken", (*registry.State).ListThingGroupsForThing),
	},
	{"POST", "dynamic-thing-groups/*", "CreateDynamicThingGroup", create((*registry.State).CreateDynamicThingGroup)},
	{"PATCH", "dynamic-thing-groups/*", "UpdateDynamicThingGroup", create((*registry.State).UpdateDynamicThingGroup)},
	{"DELETE", "dynamic-thing-groups/*", "DeleteDynamicThingGroup", change((*registry.State).DeleteDynamicThingGroup)},
	{"GET", "billing-groups", "ListBillingGroups", list("billingGroups", "nextToken", (*registry.State).ListBillingGroups)},
	{"PUT", "billing-groups/addThingToBillingGroup", "AddThingToBillingGroup", change((*registry.State).AddThingToBillingGroup)},
	{
		"PUT", "billing-groups/removeThingFromBillingGroup", "RemoveThingFromBillingGroup",
		change((*registry.State).RemoveThingFromBillingGroup),
	},
	{"POST", "billing-groups/*", "CreateBillingGroup", create((*registry.State).CreateBillingGroup)},
	{"GET", "billing-groups/*", "DescribeBillingGroup", describe((*registry.State).DescribeBillingGroup)},
	{"PATCH", "billing-groups/*", "UpdateBillingGroup", create((*registry.State).UpdateBillingGroup)},
	{"DELETE", "billing-groups/*", "DeleteBillingGroup", change((*registry.State).DeleteBillingGroup)},
	{"GET", "billing-groups/*/things", "ListThingsInBillingGroup", list("things", "nextToken", (*registry.State).ListThingsInBillingGroup)},
	{"POST", "indices/search", "SearchIndex", describe((*registry.State).SearchIndex)},
	{"POST", "indices/statistics", "GetStatistics", describe((*registry.State).GetStatistics)},
	{
		"POST", "things/*/connectivity-data", "GetThingConnectivityData",
		describe((*registry.State).GetThingConnectivityData),
	},
	{"GET", "indices", "ListIndices", describe((*registry.State).ListIndices)},
	{"GET", "indices/*", "DescribeIndex", describe((*registry.State).DescribeIndex)},
	{"GET", "indexing/config", "GetIndexingConfiguration", describe((*registry.State).GetIndexingConfiguration)},
	{"POST", "indexing/config", "UpdateIndexingConfiguration", change((*registry.State).UpdateIndexingConfiguration)},
	{"POST", "things", "RegisterThing", registerThing},
	{"POST", "thing-registration-tasks", "StartThingRegistrationTask", startThingRegistrationTask},
	{
		"GET", "thing-registration-tasks", "ListThingRegistrationTasks",
		list("taskIds", "nextToken", (*registry.State).ListThingRegistrationTasks),
	},
	{
		"GET", "thing-registration-tasks/*", "DescribeThingRegistrationTask",
		describe((*registry.State).DescribeThingRegistrationTask),
	},
	{"GET", "thing-registration-tasks/*/reports", "ListThingRegistrationTaskReports", listThingRegistrationTaskReports},
	{"PUT", "thing-registration-tasks/*/cancel", "StopThingRegistrationTask", change((*registry.State).StopThingRegistrationTask)},
	{"POST", "tags", "TagResource", change((*registry.State).TagResource)},
	{"POST", "untag", "UntagResource", change((*registry.State).UntagResource)},
	{"GET", "tags", "ListTagsForResource", describe((*registry.State).ListTagsForResource)},
	{"GET", "endpoint", "DescribeEndpoint", describeEndpoint},
	{"DELETE", "connections/*", "DeleteConnection", deleteConnection},
})

type restRoute struct {
	method, pattern, name string
	handle                handler
}

// routes are indexed by method and first segment, so that a look-up compares few routes.
type routes map[[2]string][]compiledRoute

type compiledRoute struct {
	segments  []string
	operation *operation
}

func newRoutes(all []restRoute) routes {
	r := routes{}
	for _, one := range all {
		segments := strings.Split(one.pattern, "/")
		key := [2]string{one.method, segments[0]}
		r[key] = append(r[key], compiledRoute{segments, &operation{one.name, one.handle}})
	}
	return r
}

// Operations returns the sorted names of the AWS IoT operations that the sandbox has.
func Operations() []string {
	var names []string
	for _, group := range restRoutes {
		for _, one := range group {
			names = append(names, one.operation.name)
		}
	}
	slices.Sort(names)
	return names
}

// route returns the operation of a call and the protocol of its service, and sets the labels
// of the path. The protocol is rest-json for AWS IoT, JSON 1.1 for Service Quotas, query for
// STS, and rest-xml for S3.
func route(c *call) (*operation, encoder, error) {
	if target := c.request.Header.Get("X-Amz-Target"); target != "" {
		if found := quotaOperations[target]; found != nil {
			return found, encodeJSON11, nil
		}
		return unknownOperation, encodeJSON11,
			registry.Refuse(http.StatusBadRequest, "UnknownOperationException", "The sandbox has no operation %s", registry.Shorten(target))
	}
	if strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(c.body)); err == nil && form.Get("Action") != "" {
			if action := form.Get("Action"); action != getCallerIdentity.name {
				return unknownOperation, encodeXML,
					registry.Refuse(http.StatusBadRequest, "InvalidAction", "The sandbox has no operation %s of STS", registry.Shorten(action))
			}
			return getCallerIdentity, encodeXML, nil
		}
	}
	if found := routeS3(c.request); found != nil {
		return found, encodeS3, nil
	}
	segments := strings.Split(strings.TrimPrefix(c.request.URL.EscapedPath(), "/"), "/")
	for _, one := range restRoutes[[2]string{c.request.Method, segments[0]}] {
		if labels, ok := one.match(segments); ok {
			c.labels = labels
			return one.operation, encodeREST, nil
		}
	}
	if part := leftOut(segments); part != "" {
		return unknownOperation, encodeREST, registry.Refuse(http.StatusNotFound, "UnknownOperationException",
			"The sandbox has no %s, and no operation %s %s", part, c.request.Method, registry.Shorten(c.request.URL.Path))
	}
	return unknownOperation, encodeREST, registry.Refuse(http.StatusNotFound, "UnknownOperationException",
		"The sandbox has no operation %s %s", c.request.Method, registry.Shorten(c.request.URL.Path))
}

// leftOut returns the part of AWS IoT to which a path belongs that the sandbox leaves out, or "".
func leftOut(segments []string) string {
	if segments[0] == "things" && len(segments) > 2 { // things/lamp/shadow, things/lamp/jobs/j
		segments = segments[2:]
	}
	return map[string]string{
		"jobs": "jobs", "job-templates": "jobs", "managed-job-templates": "jobs", "shadow": "shadows", "api": "shadows",
		"rules": "rules", "role-aliases": "role aliases", "domainConfigurations": "domain configurations",
		"provisioning-templates": "provisioning templates", "authorizer": "custom authorizers", "topics": "broker",
	}[segments[0]]
}

// match returns the decoded labels of a path that the route matches.
func (one *compiledRoute) match(segments []string) (labels []string, ok bool) {
	for i, want := range one.segments {
		if i >= len(segments) {
			return nil, false
		}
		got := segments[i]
		if want == "**" {
			got = strings.Join(segments[i:], "/")
			segments = segments[:i+1]
		}
		if want != "*" && want != "**" {
			if got != want {
				return nil, false
			}
			continue
		}
		decoded, err := url.PathUnescape(got)
		if err != nil {
			return nil, false
		}
		labels = append(labels, decoded)
	}
	return labels, len(segments) == len(one.segments)
}
