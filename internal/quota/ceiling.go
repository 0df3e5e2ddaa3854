package quota

import (
	"maps"
	"math"
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
)

// Calls is the number of calls of each operation for one device on one path. It may be a
// fraction: a list that is read in pages of 250 costs 1/250 of a call.
type Calls map[iot.Operation]float64

// Total returns the sum of the calls of all operations.
func (c Calls) Total() float64 {
	var total float64
	for _, op := range c.Ops() {
		total += c[op]
	}
	return total
}

// Times returns the calls for this many devices, each of which takes c.
func (c Calls) Times(devices int) Calls {
	times := Calls{}
	for op, n := range c {
		times[op] = n * float64(devices)
	}
	return times
}

// Ops returns the operations that are called, sorted.
func (c Calls) Ops() []iot.Operation {
	ops := slices.Sorted(maps.Keys(c))
	return slices.DeleteFunc(ops, func(op iot.Operation) bool { return c[op] <= 0 })
}

// PageSize is the maximum page size of the lists that an import reads.
const PageSize = 250

// GroupCall returns the operation that adds a device to its thing groups faster under the
// quotas of s: one UpdateThingGroupsForThing, or one AddThingToThingGroup per group. If both
// are equally fast, it returns the one with fewer calls. Without groups it returns "" and 0.
func GroupCall(s Set, groups int) (op iot.Operation, calls int) {
	if groups <= 0 {
		return "", 0
	}
	each := s.TPS(iot.AddThingToThingGroup) / float64(groups)
	all := s.TPS(iot.UpdateThingGroupsForThing)
	if all > each || all == each && groups > 1 {
		return iot.UpdateThingGroupsForThing, 1
	}
	return iot.AddThingToThingGroup, groups
}

// FreshPath returns the calls for a device that AWS does not know yet, with the given numbers
// of policies and thing groups. CreateThing sets type, attributes and billing group, so they
// cost nothing.
func FreshPath(s Set, policies, groups int) Calls {
	c := Calls{iot.RegisterCertificateWithoutCA: 1, iot.CreateThing: 1, iot.AttachThingPrincipal: 1}
	if policies > 0 {
		c[iot.AttachPolicy] = float64(policies)
	}
	if op, n := GroupCall(s, groups); n > 0 {
		c[op] += float64(n)
	}
	return c
}

// Ceiling returns the devices per second that the quotas allow on a path, and the operation
// that limits them: the minimum over operations of quota ÷ calls per device. If nothing limits
// the path, it returns +Inf and "". If several operations limit it equally, it returns the
// first by name.
func Ceiling(s Set, calls Calls) (devicesPerSecond float64, binding iot.Operation) {
	return minimum(calls, s.TPS)
}

func minimum(calls Calls, tps func(iot.Operation) float64) (devicesPerSecond float64, binding iot.Operation) {
	devicesPerSecond = math.Inf(1)
	for _, op := range calls.Ops() {
		if rate := tps(op) / calls[op]; rate < devicesPerSecond {
			devicesPerSecond, binding = rate, op
		}
	}
	return devicesPerSecond, binding
}
