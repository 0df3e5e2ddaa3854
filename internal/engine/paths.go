package engine

import (
	"math"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/quota"
)

const opRegister = iot.RegisterCertificateWithoutCA

// paths are the calls of one device on each path, and how groups are joined.
type paths struct {
	fresh   quota.Calls
	unknown quota.Calls // a device that exists, read on its own
	known   quota.Calls // a device that exists, whose state was read in pages
	groupOp iot.Operation
}

func newPaths(set quota.Set, a Attachments) paths {
	p := paths{fresh: quota.FreshPath(set, len(a.Policies), len(a.ThingGroups))}
	p.groupOp, _ = quota.GroupCall(set, len(a.ThingGroups))
	p.unknown = quota.Calls{opRegister: 1, iot.DescribeCertificate: 1, iot.DescribeThing: 1}
	if len(a.Policies) > 0 {
		p.unknown[iot.ListAttachedPolicies] = 1
	}
	if len(a.ThingGroups) > 0 {
		p.unknown[iot.ListThingGroupsForThing] = 1
	}
	p.known = quota.Calls{}
	if a.BillingGroup != "" {
		p.known[iot.DescribeThing] = 1
	}
	return p
}

// ceiling is the devices per second that the quotas in force allow on the path
// that most devices take now, and the operation that binds.
func (r *run) ceiling() (float64, iot.Operation) {
	switch r.state.stage() {
	case snapshotReading:
		return r.Limiters.Ceiling(r.paths.unknown)
	case snapshotReady:
		rate, op := r.Limiters.Ceiling(r.paths.known)
		if links, busiest := r.links.rate(); links < rate {
			return links, busiest
		}
		return rate, op
	default:
		return r.Limiters.Ceiling(r.paths.fresh)
	}
}

// FreshCeiling is the devices per second that the quotas allow for devices
// that are new to AWS, and the operation that binds; +Inf and "" without quotas.
func FreshCeiling(set quota.Set, a Attachments) (float64, iot.Operation) {
	return quota.Ceiling(set, newPaths(set, a).fresh)
}

// ExistingCeiling is the same for devices that exist already, where there are
// many and their state is read in pages: one read per device remains, which
// four operations share.
func ExistingCeiling(set quota.Set, a Attachments) (float64, iot.Operation) {
	rate, op := quota.Ceiling(set, newPaths(set, a).known)
	links := 0.0
	for _, link := range linkOps {
		links += set.TPS(link)
	}
	if links < rate {
		return links, iot.ListThingPrincipals
	}
	return rate, op
}

// quotaCeiling is what the quotas allow on the path that most devices took.
func (r *run) quotaCeiling() (float64, iot.Operation) {
	set, a := r.Limiters.Set(), r.Settings.Attachments
	switch {
	case r.state.stage() == snapshotReady:
		return ExistingCeiling(set, a)
	case r.state.mostExist():
		return quota.Ceiling(set, r.paths.unknown)
	}
	return FreshCeiling(set, a)
}

func finite(rate float64) float64 {
	if math.IsInf(rate, 1) {
		return 0
	}
	return rate
}
