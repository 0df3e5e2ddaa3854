package engine

import (
	"math"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// paths are the calls of one device on each path.
type paths struct {
	fresh   quota.Calls
	unknown quota.Calls // a device that exists and is read on its own
	known   quota.Calls // a device that exists and whose state was read in pages
}

// newPaths returns the calls of a device on the average of portions.
func newPaths(set quota.Set, portions []Portion) paths {
	p := paths{
		fresh:   quota.Calls{},
		unknown: quota.Calls{iot.RegisterCertificateWithoutCA: 1, iot.DescribeCertificate: 1, iot.DescribeThing: 1},
		known:   quota.Calls{},
	}
	devices := 0
	for _, portion := range portions {
		devices += portion.Devices
	}
	for i, portion := range portions {
		a, share := portion.Attachments, float64(portion.Devices)/float64(devices)
		if devices == 0 {
			share = float64(max(1-i, 0)) // without devices, as for those that ask for nothing
		}
		if share == 0 {
			continue
		}
		for op, calls := range quota.FreshPath(set, len(a.Policies), len(a.ThingGroups)) {
			p.fresh[op] += calls * share
		}
		if len(a.Policies) > 0 {
			p.unknown[iot.ListAttachedPolicies] += share
		}
		if len(a.ThingGroups) > 0 {
			p.unknown[iot.ListThingGroupsForThing] += share
		}
		if a.BillingGroup != "" {
			p.known[iot.DescribeThing] += share
		}
	}
	return p
}

// knownCeiling returns the rate that the limiters allow for devices whose state
// was read in pages. One read per device remains, which four operations share.
func knownCeiling(limiters *quota.Limiters, links *device.Links, calls quota.Calls) (float64, iot.Operation) {
	rate, op := limiters.Ceiling(calls)
	if shared, busiest := links.Rate(); shared < rate {
		return shared, busiest
	}
	return rate, op
}

// ceiling returns the devices per second that the limiters allow on the path
// that most devices take now, and the binding operation.
func (p paths) ceiling(limiters *quota.Limiters, links *device.Links, stage int32) (float64, iot.Operation) {
	switch stage {
	case snapshotReading:
		return limiters.Ceiling(p.unknown)
	case snapshotReady:
		return knownCeiling(limiters, links, p.known)
	default:
		return limiters.Ceiling(p.fresh)
	}
}

// quotaCeiling returns the rate that the quotas allow on the path that most devices took.
func (p paths) quotaCeiling(set quota.Set, s *snapshot) (float64, iot.Operation) {
	switch {
	case s.stage() == snapshotReady:
		return p.existingCeiling(set)
	case s.mostExist():
		return quota.Ceiling(set, p.unknown)
	}
	return quota.Ceiling(set, p.fresh)
}

// ExistingCeiling returns the devices per second that the quotas allow for devices that exist already, if
// there are so many that their state is read in pages, and the binding operation; +Inf and "" without quotas.
func ExistingCeiling(set quota.Set, a device.Attachments) (float64, iot.Operation) {
	return newPaths(set, []Portion{{Attachments: a}}).existingCeiling(set)
}

func (p paths) existingCeiling(set quota.Set) (float64, iot.Operation) {
	rate, op := quota.Ceiling(set, p.known)
	if links := device.LinkTPS(set); links < rate {
		return links, iot.ListThingPrincipals
	}
	return rate, op
}

func finite(rate float64) float64 {
	if math.IsInf(rate, 1) {
		return 0
	}
	return rate
}
