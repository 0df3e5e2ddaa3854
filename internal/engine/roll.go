package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// A roll holds what the lists of AWS show of the devices of a fleet. Lists lag, so what they show is
// believed, and what they do not show is looked up.
type roll struct {
	*snapshot
	survey iot.Survey
	// parts are those of which a list was read to its end, or until it had shown every device.
	parts device.Parts
	// allOf reports whether the lists of all policies were read, so that they also show the
	// policies that a device has in addition.
	allOf bool
	// listing limits in seconds how long the lists of one operation may take; 0 to read them
	// while that takes less time than looking devices up.
	listing float64

	mu sync.Mutex // guards parts
}

// More bits of a snapshot.
const (
	bitBilling  = 1 << 29 // the thing is in the wanted billing group
	bitExtra    = 1 << 28 // the certificate has a policy that is not wanted
	statusShift = 24      // first bit of the status
	statusMask  = 3

	policyBits = 1<<bitGroups - 1
)

// listedStatuses are the statuses that a roll remembers.
var listedStatuses = [...]iot.Status{"", iot.StatusActive, iot.StatusInactive, iot.StatusRevoked}

func newRoll(s *session, f *Fleet, survey iot.Survey, listing float64) *roll {
	r := &roll{
		snapshot: snapshotOf(s, f.index, f.entries, f.variants, f.Devices, func() int { return f.Devices }),
		survey:   survey, listing: listing,
	}
	r.begin(f.Devices)
	return r
}

// readLists reads the lists of the parts, all concurrently: each operation has a quota of its own.
// With others it also reads the lists of the policies that are not wanted.
func (r *roll) readLists(parts device.Parts, devices int, others bool) {
	aws, wanted := r.session.account.AWS, r.listed
	var lists sync.WaitGroup
	if parts&device.PartCertificate != 0 {
		lists.Go(func() {
			readList(r, r.stint(iot.ListCertificates, iot.DescribeCertificate, devices), device.PartCertificate,
				iot.ListCertificates, aws.Certificates.ListCertificates, r.sawCertificate)
		})
	}
	if parts&device.PartThing != 0 {
		lists.Go(func() { r.readThings(devices) })
	}
	if parts&device.PartPolicies != 0 && (len(wanted.Policies) > 0 || others) {
		lists.Go(func() { r.readPolicies(devices, others) })
	}
	if parts&device.PartGroups != 0 && len(wanted.ThingGroups) > 0 {
		lists.Go(func() { r.readGroups(devices) })
	}
	lists.Wait()
	r.phase.Store(snapshotReady)
}

// stint returns the stint for a list.
func (r *roll) stint(list, single iot.Operation, devices int) *stint {
	p := newStint(r.session.limits, list, single, devices)
	p.allowance = r.listing
	return &p
}

// readThings reads the things and the members of the billing group. Both lists together save one look-up.
func (r *roll) readThings(devices int) {
	var whole [2]bool
	var lists sync.WaitGroup
	lists.Go(func() {
		p := r.stint(iot.ListThings, iot.DescribeThing, devices)
		whole[0] = readPart(r, p, iot.ListThings, r.session.account.AWS.Things.ListThings, r.sawThingListed)
	})
	group := r.listed.BillingGroup
	if whole[1] = group == ""; !whole[1] {
		lists.Go(func() {
			p := r.stint(iot.ListThingsInBillingGroup, iot.DescribeThing, devices)
			whole[1] = readPart(r, p, iot.ListThingsInBillingGroup, func(ctx context.Context, token string) ([]string, string, error) {
				return r.survey.ListThingsInBillingGroup(ctx, group, token)
			}, func(thing string) bool { return r.sawMember(thing, bitBilling) })
		})
	}
	lists.Wait()
	if whole[0] && whole[1] {
		r.complete(device.PartThing)
	}
}

// readPolicies reads the targets of the wanted policies, and with others those of all other policies.
func (r *roll) readPolicies(devices int, others bool) {
	wanted := r.listed.Policies
	list := r.stint(iot.ListTargetsForPolicy, iot.ListAttachedPolicies, devices)
	for i, name := range wanted {
		list.begin(devices)
		if !r.readTargets(list, name, func(target string) bool { return r.sawTarget(target, 1<<i) }) {
			return
		}
	}
	if !others {
		r.complete(device.PartPolicies)
		return
	}
	// One list that is not read to its end may hide a policy of any device, so that all look-ups
	// are needed. Until then reading costs at most as much time as they do.
	p := r.stint(iot.ListTargetsForPolicy, iot.ListAttachedPolicies, devices)
	p.allowance = float64(devices) * p.single
	var names []string
	listing := *p
	if !readPart(r, &listing, iot.ListPolicies, r.survey.ListPolicies, func(name string) bool {
		names = append(names, name)
		return false
	}) {
		return
	}
	for _, name := range names {
		if slices.Contains(wanted, name) {
			continue
		}
		if p.allowance-p.spent < p.page || !r.readTargets(p, name, func(target string) bool { r.sawTarget(target, bitExtra); return false }) {
			return
		}
	}
	r.allOf = true
	r.complete(device.PartPolicies)
}

func (r *roll) readTargets(p *stint, policy string, saw func(target string) bool) bool {
	return readPart(r, p, iot.ListTargetsForPolicy, func(ctx context.Context, token string) ([]string, string, error) {
		return r.session.account.AWS.Policies.ListTargetsForPolicy(ctx, policy, token)
	}, saw)
}

// readGroups reads the members of the wanted groups.
func (r *roll) readGroups(devices int) {
	p := r.stint(iot.ListThingsInThingGroup, iot.ListThingGroupsForThing, devices)
	for i, group := range r.listed.ThingGroups {
		p.begin(devices)
		if !readPart(r, p, iot.ListThingsInThingGroup, func(ctx context.Context, token string) ([]string, string, error) {
			return r.session.account.AWS.Groups.ListThingsInThingGroup(ctx, group, token)
		}, func(thing string) bool { return r.sawMember(thing, 1<<(bitGroups+i)) }) {
			return
		}
	}
	r.complete(device.PartGroups)
}

// complete records that the lists of a part were read as far as needed.
func (r *roll) complete(part device.Parts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts |= part
}

// readList is readPart for the only list of a part.
func readList[T any](r *roll, p *stint, part device.Parts, op iot.Operation,
	read func(ctx context.Context, token string) ([]T, string, error), saw func(T) bool,
) {
	if readPart(r, p, op, read, saw) {
		r.complete(part)
	}
}

// readPart reads a list in pages, and reports whether it was read to its end or until it had shown
// every device. Saw reports whether a line shows a device for the first time. If a call fails, what
// the list does not show is looked up.
func readPart[T any](r *roll, p *stint, op iot.Operation, read func(ctx context.Context, token string) ([]T, string, error),
	saw func(T) bool,
) bool {
	pages := 0
	ended, err := readPages(r.session, op, read, func(page []T, _ bool) bool {
		seen := 0
		for _, line := range page {
			if saw(line) {
				seen++
			}
		}
		if pages++; pages%10 == 1 {
			r.session.events.send(Reading{Operation: string(op), Pages: pages})
		}
		return p.turn(seen)
	})
	r.session.events.send(Reading{Operation: string(op), Pages: pages, Done: true})
	r.session.haltOnStop(err)
	return err == nil && (ended || p.unseen <= 0)
}

// sawCertificate takes a line of the list of certificates.
func (r *roll) sawCertificate(c iot.Certificate) bool {
	number, ok := r.index.byCertificate(c.ID)
	if !ok {
		return false
	}
	bits := uint32(bitSeen)
	for code, status := range listedStatuses {
		if status == c.Status {
			bits |= uint32(code) << statusShift
		}
	}
	return r.bits[number].Or(bits)&bitSeen == 0
}

// sawThingListed takes a line of the list of things.
func (r *roll) sawThingListed(t iot.Thing) bool {
	number, ok := r.index.byThing(t.Name)
	if !ok {
		return false
	}
	first := r.things[number] == 0
	r.things[number] = r.digest(t)
	return first
}

func (r *roll) sawTarget(arn string, bit uint32) bool {
	number, ok := r.index.byARN(arn)
	return ok && r.bits[number].Or(bit)&bit == 0
}

func (r *roll) sawMember(thing string, bit uint32) bool {
	number, ok := r.index.byThing(thing)
	return ok && r.bits[number].Or(bit)&bit == 0
}

// listedStatus returns the status that a list shows; empty for an unusual one.
func listedStatus(bits uint32) iot.Status { return listedStatuses[bits>>statusShift&statusMask] }

// status returns the wanted status of a device.
func (r *roll) status(t *task) iot.Status {
	if t.subject != nil && t.subject.Status != "" {
		return t.subject.Status
	}
	return r.session.wanted(t).Status
}

// shows returns the parts of a device that the lists show to be as wanted, except for what the device
// has in addition.
func (r *roll) shows(t *task) (fine device.Parts) {
	billing, want := r.session.wanted(t).Attachments.BillingGroup, r.wantedBits(t)
	bits := r.bits[t.number].Load()
	if bits&bitSeen != 0 && listedStatus(bits) == r.status(t) {
		fine |= device.PartCertificate
	}
	billed := billing == "" || billing == r.listed.BillingGroup && bits&bitBilling != 0
	if r.things[t.number] != 0 && r.things[t.number] == r.digest(t.thing) && billed {
		fine |= device.PartThing
	}
	if bits&(policyBits|bitExtra) == want.policies {
		fine |= device.PartPolicies
	}
	if bits&want.groups == want.groups {
		fine |= device.PartGroups
	}
	return fine &^ want.unlisted
}

// fine is like shows, but includes the policies only if the lists of all policies were read.
func (r *roll) fine(t *task) device.Parts {
	if r.allOf {
		return r.shows(t)
	}
	return r.shows(t) &^ device.PartPolicies
}

// differs returns the parts of a device of which a list shows something else than what is wanted.
func (r *roll) differs(t *task) (parts device.Parts) {
	bits := r.bits[t.number].Load()
	if bits&bitSeen != 0 && listedStatus(bits) != r.status(t) {
		parts |= device.PartCertificate
	}
	if r.things[t.number] != 0 && r.things[t.number] != r.digest(t.thing) {
		parts |= device.PartThing
	}
	return parts
}

// drift returns the drift of a part that the lists show, and whether they show it exactly.
func (r *roll) drift(t *task, part device.Parts) (drift []device.Drift, exact bool) {
	wanted, want, bits := r.session.wanted(t).Attachments, r.wantedBits(t), r.bits[t.number].Load()
	if want.unlisted&part != 0 {
		return nil, false
	}
	absent := func(names, listed []string, first int, kind manifest.Reason, format string) {
		for _, name := range names {
			if bits&(1<<(first+slices.Index(listed, name))) == 0 {
				drift = append(drift, device.Drift{Reason: kind, Detail: fmt.Sprintf(format, name)})
			}
		}
	}
	switch status := listedStatus(bits); {
	case part == device.PartPolicies:
		absent(wanted.Policies, r.listed.Policies, 0, device.DriftPolicyMissing, device.DetailPolicyMissing)
		return drift, bits&bitExtra == 0 && bits&policyBits&^want.policies == 0
	case part == device.PartGroups:
		absent(wanted.ThingGroups, r.listed.ThingGroups, bitGroups, device.DriftGroupMissing, device.DetailGroupMissing)
		return drift, true
	case bits&bitSeen == 0:
		return []device.Drift{{Reason: device.DriftCertificateGone, Detail: device.DetailCertificateGone}}, true
	default:
		return []device.Drift{{Reason: device.DriftStatus, Detail: fmt.Sprintf(device.DetailStatus, status, r.status(t))}}, status != ""
	}
}
