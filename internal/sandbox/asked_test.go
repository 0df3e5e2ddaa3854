package sandbox

import (
	"slices"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// asked reads the state of a sandbox through its operations.
type asked struct{ *registry.State }

func byName(name string) *registry.ByName { return &registry.ByName{Name: name} }

// found reports whether an operation finds a resource.
func found[Out any](name string, operation func(*registry.ByName) (Out, error)) bool {
	_, err := operation(byName(name))
	return err == nil
}

func (r asked) thing(name string) bool { return found(name, r.DescribeThing) }

func (r asked) group(name string) bool { return found(name, r.DescribeThingGroup) }

func (r asked) billingGroup(name string) bool { return found(name, r.DescribeBillingGroup) }

func (r asked) policy(name string) bool { return found(name, r.GetPolicy) }

// status returns the status of a certificate, or "" if it is missing.
func (r asked) status(id string) string {
	out, _ := r.DescribeCertificate(&registry.DescribeCertificate{ID: id})
	return out["certificateDescription"].Status
}

func (r asked) policies(target string) []registry.PolicyRef {
	out, _ := r.ListAttachedPolicies(&registry.ListAttachedPolicies{Target: target})
	return out.Items
}

func (r asked) target(arn string) bool {
	_, err := r.ListAttachedPolicies(&registry.ListAttachedPolicies{Target: arn})
	return err == nil
}

func (r asked) groups(thing string) []registry.GroupRef {
	out, _ := r.ListThingGroupsForThing(&registry.ListThingGroupsForThing{Thing: thing})
	return out.Items
}

func (r asked) parent(group string) string {
	out, _ := r.DescribeThingGroup(byName(group))
	return out.Metadata.Parent
}

func (r asked) anyGroupHasPolicies() bool {
	out, _ := r.ListThingGroups(&registry.ListThingGroups{})
	return slices.ContainsFunc(out.Items, func(g registry.GroupRef) bool { return len(r.policies(g.ARN)) > 0 })
}

// changes returns the number of changes that an operation would make.
func changes(would []registry.Change, err error) int {
	if err != nil {
		return 0
	}
	return len(would)
}
