package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// operation is one operation of one of the services.
type operation struct {
	name string
	run  func(*Server, *call) (any, error)
}

var unknownOperation = &operation{name: "Unknown"}

// restRoutes are the operations of AWS IoT, by method and path. "*" is one
// segment of a path, decoded, and "**" the rest of it.
var restRoutes = newRoutes([]restRoute{
	{"POST", "certificate/register-no-ca", "RegisterCertificateWithoutCA", registerCertificateWithoutCA},
	{"GET", "certificates", "ListCertificates", listCertificates},
	{"GET", "certificates/*", "DescribeCertificate", describeCertificate},
	{"PUT", "certificates/*", "UpdateCertificate", updateCertificate},
	{"DELETE", "certificates/*", "DeleteCertificate", deleteCertificate},
	{"GET", "things", "ListThings", listThings},
	{"POST", "things/*", "CreateThing", createThing},
	{"GET", "things/*", "DescribeThing", describeThing},
	{"PATCH", "things/*", "UpdateThing", updateThing},
	{"DELETE", "things/*", "DeleteThing", deleteThing},
	{"PUT", "things/*/principals", "AttachThingPrincipal", attachThingPrincipal},
	{"DELETE", "things/*/principals", "DetachThingPrincipal", detachThingPrincipal},
	{"GET", "things/*/principals", "ListThingPrincipals", listThingPrincipals},
	{"GET", "things/*/principals-v2", "ListThingPrincipalsV2", listThingPrincipalsV2},
	{"GET", "principals/things", "ListPrincipalThings", listPrincipalThings},
	{"GET", "principals/things-v2", "ListPrincipalThingsV2", listPrincipalThingsV2},
	{"GET", "policies", "ListPolicies", listPolicies},
	{"POST", "policies/*", "CreatePolicy", createPolicy},
	{"GET", "policies/*", "GetPolicy", getPolicy},
	{"DELETE", "policies/*", "DeletePolicy", deletePolicy},
	{"PUT", "target-policies/*", "AttachPolicy", attachPolicy},
	{"POST", "target-policies/*", "DetachPolicy", detachPolicy},
	{"POST", "attached-policies/**", "ListAttachedPolicies", listAttachedPolicies},
	{"POST", "policy-targets/*", "ListTargetsForPolicy", listTargetsForPolicy},
	{"GET", "thing-types", "ListThingTypes", listThingTypes},
	{"POST", "thing-types/*", "CreateThingType", createThingType},
	{"GET", "thing-types/*", "DescribeThingType", describeThingType},
	{"DELETE", "thing-types/*", "DeleteThingType", deleteThingType},
	{"POST", "thing-types/*/deprecate", "DeprecateThingType", deprecateThingType},
	{"GET", "thing-groups", "ListThingGroups", listThingGroups},
	{"PUT", "thing-groups/addThingToThingGroup", "AddThingToThingGroup", addThingToThingGroup},
	{"PUT", "thing-groups/removeThingFromThingGroup", "RemoveThingFromThingGroup", removeThingFromThingGroup},
	{"PUT", "thing-groups/updateThingGroupsForThing", "UpdateThingGroupsForThing", updateThingGroupsForThing},
	{"POST", "thing-groups/*", "CreateThingGroup", createThingGroup},
	{"GET", "thing-groups/*", "DescribeThingGroup", describeThingGroup},
	{"DELETE", "thing-groups/*", "DeleteThingGroup", deleteThingGroup},
	{"GET", "thing-groups/*/things", "ListThingsInThingGroup", listThingsInThingGroup},
	{"GET", "things/*/thing-groups", "ListThingGroupsForThing", listThingGroupsForThing},
	{"POST", "dynamic-thing-groups/*", "CreateDynamicThingGroup", createDynamicThingGroup},
	{"DELETE", "dynamic-thing-groups/*", "DeleteDynamicThingGroup", deleteThingGroup},
	{"GET", "billing-groups", "ListBillingGroups", listBillingGroups},
	{"PUT", "billing-groups/addThingToBillingGroup", "AddThingToBillingGroup", addThingToBillingGroup},
	{"PUT", "billing-groups/removeThingFromBillingGroup", "RemoveThingFromBillingGroup", removeThingFromBillingGroup},
	{"POST", "billing-groups/*", "CreateBillingGroup", createBillingGroup},
	{"GET", "billing-groups/*", "DescribeBillingGroup", describeBillingGroup},
	{"DELETE", "billing-groups/*", "DeleteBillingGroup", deleteBillingGroup},
	{"GET", "billing-groups/*/things", "ListThingsInBillingGroup", listThingsInBillingGroup},
	{"GET", "endpoint", "DescribeEndpoint", describeEndpoint},
})

type restRoute struct {
	method, pattern, name string
	run                   func(*Server, *call) (any, error)
}

// routes are found by method, first segment and number of segments: a fixed
// number of comparisons, whatever the number of operations.
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
		r[key] = append(r[key], compiledRoute{segments, &operation{one.name, one.run}})
	}
	return r
}

// Operations lists the names of the operations of AWS IoT that a sandbox has, sorted.
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

// route sets the operation of a call and its path's parameters.
func route(c *call) error {
	if target := c.request.Header.Get("X-Amz-Target"); target != "" {
		return routeTarget(c, target)
	}
	if strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(c.body)); err == nil && form.Get("Action") != "" {
			return routeAction(c, form.Get("Action"))
		}
	}
	segments := strings.Split(strings.TrimPrefix(c.request.URL.EscapedPath(), "/"), "/")
	for _, one := range restRoutes[[2]string{c.request.Method, segments[0]}] {
		if one.match(c, segments) {
			c.operation = one.operation
			return nil
		}
	}
	return refuse(http.StatusNotFound, "UnknownOperationException", "The sandbox has no operation %s %s", c.request.Method, shorten(c.request.URL.Path))
}

func (one *compiledRoute) match(c *call, segments []string) bool {
	param := ""
	for i, want := range one.segments {
		if i >= len(segments) {
			return false
		}
		got := segments[i]
		if want == "**" {
			got = strings.Join(segments[i:], "/")
			segments = segments[:i+1]
		}
		if want != "*" && want != "**" {
			if got != want {
				return false
			}
			continue
		}
		decoded, err := url.PathUnescape(got)
		if err != nil {
			return false
		}
		param = decoded
	}
	c.param = param
	return len(segments) == len(one.segments)
}

func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
