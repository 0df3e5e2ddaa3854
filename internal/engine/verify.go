package engine

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Verifying configures [Verify]. Fleet and Survey must be set.
type Verifying struct {
	Fleet  *Fleet
	Survey iot.Survey
	// Full reads the attachments of all devices, and not only of a sample.
	Full bool
	// Found receives what was found of one device, one at a time; nil discards it. A device may
	// be found several times, each time with other drift.
	Found func(Finding)
}

// A Finding is drift of one device.
type Finding struct {
	ledger.Place
	// Manifest is the name of the manifest, Line the line in it or 0.
	Manifest      string
	Line          int
	ID, ThingName string
	CertificateID manifest.CertificateID
	Drift         []device.Drift
}

// ReasonUnrecorded is the reason of a device of which the registry has something, and the ledger only
// that calls for it may have been made.
const ReasonUnrecorded manifest.Reason = "drift-unrecorded"

// A Verification is the result of [Verify].
type Verification struct {
	// Devices were wanted, Drifted of them differ, and Unread could not be read. Pending are
	// those of which neither ledger nor registry has anything.
	Devices, Drifted, Unread, Pending int
	// Sample is the number of devices whose attachments were read, SampleDrifted of which
	// differ in their attachments.
	Sample, SampleDrifted int
	// Whole are the parts that were compared for all devices; the others only for the sample.
	Whole device.Parts
	// OneSided reports whether attachments to other things and of other certificates were looked
	// for from one side only, which is chosen by the certificate.
	OneSided bool
	// Findings are the kinds of drift, most frequent first.
	Findings []ledger.Reason
	// Made are the calls, Took is how long it took.
	Made map[string]int
	Took time.Duration
}

// OutcomeDrift is the outcome under which [Verification.Findings] count.
const OutcomeDrift ledger.Outcome = "drift"

const (
	// listSeconds is how long the lists of one operation may take if only a sample is read
	// completely. A list of a million lines takes 402 s at the default quotas.
	listSeconds = 430
	// fullSeconds is how long reading both ends of all attachments may take with Verifying.Full.
	// If it takes longer only one end is read.
	fullSeconds = 7 * 60 * 60
	// believeAfter is how many look-ups must confirm that something is missing from a list
	// before the list is believed.
	believeAfter = 1000
)

// Verify compares devices with what was wanted of them. It changes nothing.
//
// What AWS lists for many devices at once is read in pages, or by looking devices up, whichever
// takes less time. Attachments, which AWS lists for one device a call, are read of a sample, unless
// there are no more than [SampleSize] devices or Full is set. What a list does not show is looked up
// before it counts as drift, until many look-ups have confirmed the lists.
//
// Its errors are those of [Run], except [BalanceError]. The result is valid with an error, too.
func Verify(ctx context.Context, config Config, v Verifying) (Verification, error) {
	config.Settings = v.Fleet.Settings
	s := config.open(ctx)
	defer s.close()
	e := newExamination(s, v)
	switch n := v.Fleet.Devices; {
	case n <= SampleSize:
		e.all(v.Survey)
	case v.Full:
		e.full(v.Survey)
	default:
		e.sampled(v.Survey)
	}
	result := e.result
	result.Findings, result.Made, result.Took = e.tally.Reasons(), s.caller.Tally().Calls, time.Since(e.started)
	return result, compareError(ctx, s)
}

// all reads everything of all devices, after the lists that save time.
func (e *examination) all(survey iot.Survey) {
	n := e.fleet.Devices
	e.roll = newRoll(e.session, e.fleet, survey, 0)
	e.roll.readLists(device.PartAll, n, true)
	e.result.Whole, e.result.Sample = device.PartAll, n
	typical := device.PartAll &^ (e.roll.parts &^ device.PartGroups)
	e.examine(e.fleet.tasks, typical, func(t *task) device.Parts {
		if t.unrecorded() {
			return device.PartAll
		}
		return device.PartAll&^e.roll.fine(t) | device.PartGroups // lists do not show groups that were not wanted
	})
}

// sampled reads everything of a sample, and of the other devices what lists show.
func (e *examination) sampled(survey iot.Survey) {
	n := e.fleet.Devices
	e.roll = newRoll(e.session, e.fleet, survey, listSeconds)
	sample := sampleOf(n, SampleSize)
	var lists sync.WaitGroup
	lists.Go(func() { e.roll.readLists(device.PartAll, n, false) })
	e.result.Sample = SampleSize
	e.examine(chosen(e.fleet.tasks, func(at int) bool { return sample[at] }), device.PartAll,
		func(*task) device.Parts { return device.PartAll })
	lists.Wait()
	e.result.Whole, e.listed = e.roll.parts, true
	// What a list shows is compared for all devices, even if it was not read to its end.
	e.examine(chosen(e.fleet.tasks, func(at int) bool { return !sample[at] }), device.PartThing, func(t *task) device.Parts {
		if t.unrecorded() {
			return device.PartAll
		}
		return e.roll.parts&^e.roll.shows(t) | e.roll.differs(t)
	})
}

// full reads everything of all devices. The attachments take so long that looking up things and groups
// at the same time takes no longer.
func (e *examination) full(survey iot.Survey) {
	n := e.fleet.Devices
	e.roll = newRoll(e.session, e.fleet, survey, 0)
	var lists sync.WaitGroup
	lists.Go(func() { e.roll.readLists(device.PartCertificate|device.PartPolicies, n, true) })
	e.result.Whole, e.result.Sample = device.PartAll, n
	set := e.session.limits
	both := float64(n) / math.Min(
		set.TPS(iot.ListThingPrincipals)+set.TPS(iot.ListThingPrincipalsV2), set.TPS(iot.ListPrincipalThings)+set.TPS(iot.ListPrincipalThingsV2))
	e.result.OneSided = both > fullSeconds
	first := device.PartThing | device.PartGroups | device.PartPrincipals | device.PartThings
	typical := first
	if e.result.OneSided {
		typical &^= device.PartThings
	}
	e.examine(e.fleet.tasks, typical, func(t *task) device.Parts {
		switch {
		case t.unrecorded():
			return device.PartAll
		case !e.result.OneSided:
			return first
		case e.session.account.Links.ByThing(t.device.CertificateID.String()):
			return first &^ device.PartThings
		}
		return first &^ device.PartPrincipals
	})
	lists.Wait()
	e.listed, e.again = true, true
	typical = device.PartAll &^ first &^ e.roll.parts
	e.examine(e.fleet.tasks, typical, func(t *task) device.Parts {
		if t.unrecorded() {
			return 0 // it was examined completely
		}
		return (device.PartCertificate | device.PartPolicies) &^ e.roll.fine(t)
	})
}

// chosen yields the tasks at the positions that are chosen.
func chosen(tasks func(context.Context) iter.Seq2[*task, error], choose func(at int) bool) func(context.Context) iter.Seq2[*task, error] {
	return func(ctx context.Context) iter.Seq2[*task, error] {
		return func(yield func(*task, error) bool) {
			at := 0
			for t, err := range tasks(ctx) {
				if err == nil {
					at++
					if !choose(at - 1) {
						continue
					}
				}
				if !yield(t, err) {
					return
				}
			}
		}
	}
}
