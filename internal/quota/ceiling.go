package quota

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
)

// Calls is how many calls of each operation one device costs on one path. It
// may be a fraction: a list read in pages of 250 costs 1/250 of a call.
type Calls map[iot.Operation]float64

// Total returns the calls of all operations together.
func (c Calls) Total() float64 {
	var total float64
	for _, op := range c.Ops() {
		total += c[op]
	}
	return total
}

// Ops returns the operations that are called, sorted.
func (c Calls) Ops() []iot.Operation {
	var ops []iot.Operation
	for op, n := range c {
		if n > 0 {
			ops = append(ops, op)
		}
	}
	slices.Sort(ops)
	return ops
}

// Add returns the sum of both, for paths that share a device's calls.
func (c Calls) Add(other Calls) Calls {
	sum := make(Calls, len(c)+len(other))
	for op, n := range c {
		sum[op] += n
	}
	for op, n := range other {
		sum[op] += n
	}
	return sum
}

// PageSize is the most entries that AWS IoT returns in one page of the lists
// that an import reads.
const PageSize = 250

// GroupCall returns the form of group call that the quotas in force make
// faster for a device with that many thing groups: one
// [UpdateThingGroupsForThing], or an [AddThingToThingGroup] each; on a tie the
// one with fewer calls. Without groups it returns "" and 0.
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

// FreshPath returns the calls of one device that AWS does not know yet, with
// that many policies and thing groups. Type, attributes and billing group go
// in with CreateThing and cost nothing.
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

// Ceiling returns the devices per second that the quotas allow on a path, and
// the operation that binds: the minimum over operations of quota ÷ calls per
// device. Where nothing limits the path it is +Inf and "". Of operations that
// bind alike, the first by name is returned.
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

// String names operations and calls, such as "CreateThing 1, AttachPolicy 2",
// sorted by name.
func (c Calls) String() string {
	var parts []string
	for _, op := range c.Ops() {
		parts = append(parts, string(op)+" "+formatCount(c[op]))
	}
	return strings.Join(parts, ", ")
}

func formatCount(n float64) string { return strconv.FormatFloat(n, 'g', 4, 64) }
