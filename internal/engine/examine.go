package engine

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// An examination examines the devices of a fleet.
type examination struct {
	session  *session
	fleet    *Fleet
	roll     *roll
	verifier *device.Verifier
	found    func(Finding)
	started  time.Time
	// listed reports whether the lists have been read, and with them the sample. Again reports whether
	// the devices are examined for the second time.
	listed, again bool
	// trusts decide by part whether the lists are believed about what is missing.
	trusts map[device.Parts]*device.Trust

	mu      sync.Mutex // guards all below
	done    int
	tally   ledger.Tally
	drifted bitset
	result  Verification
}

// provenParts are the parts whose look-ups are so slow that lists are believed after many of them.
var provenParts = [...]device.Parts{device.PartCertificate, device.PartPolicies, device.PartGroups}

func newExamination(s *session, v Verifying) *examination {
	e := &examination{
		session: s, fleet: v.Fleet, found: v.Found, verifier: device.NewVerifier(s.account), started: time.Now(),
		trusts: map[device.Parts]*device.Trust{}, result: Verification{Devices: v.Fleet.Devices},
	}
	for _, part := range provenParts {
		e.trusts[part] = &device.Trust{}
	}
	return e
}

// examined is what was found of a device.
type examined struct {
	parts device.Parts // that were looked up
	drift []device.Drift
	err   error
}

// examine compares the parts of each device that look returns. Typical are those of most devices.
func (e *examination) examine(tasks func(context.Context) iter.Seq2[*task, error], typical device.Parts, look func(*task) device.Parts) {
	s := e.session
	open := func(yield func(*task, error) bool) {
		for t, err := range tasks(s.begin) {
			if err == nil && look(t) == 0 {
				e.add(t, examined{})
				continue
			}
			if !yield(t, err) {
				return
			}
		}
	}
	runPipeline(s, received(readAhead(s, open)), func(t *task, runner *device.Runner) examined {
		parts := look(t)
		drift, parts := e.believe(t, parts)
		if parts == 0 {
			return examined{drift: withoutConsequences(drift)}
		}
		more, err := e.verifier.Verify(s.subject(t), parts, runner.Do)
		return examined{parts, withoutConsequences(append(drift, more...)), err}
	}, e.add, func(time.Time) {
		ceiling, binding := s.lookCeiling(typical)
		// The window must not hold back devices of which less is read.
		s.window.fit(s.caller.Rate(iot.DescribeThing))
		s.events.send(e.progress(ceiling, binding))
	})
}

// lookCeiling returns the devices per second that the limiters allow if these parts are read, and the
// binding operation.
func (s *session) lookCeiling(parts device.Parts) (float64, iot.Operation) {
	ceiling, binding := math.Inf(1), iot.Operation("")
	for part, op := range map[device.Parts]iot.Operation{
		device.PartCertificate: iot.DescribeCertificate, device.PartThing: iot.DescribeThing,
		device.PartPolicies: iot.ListAttachedPolicies, device.PartGroups: iot.ListThingGroupsForThing,
	} {
		if rate := s.caller.Rate(op); parts&part != 0 && rate < ceiling {
			ceiling, binding = rate, op
		}
	}
	if links, op := s.account.Links.Rate(); parts&(device.PartPrincipals|device.PartThings) != 0 {
		if parts&device.PartPrincipals != 0 && parts&device.PartThings != 0 {
			links /= 2
		}
		if links < ceiling {
			ceiling, binding = links, op
		}
	}
	return ceiling, binding
}

// believe returns the drift that lists show, and the parts that have to be looked up. Lists are
// believed about what is missing after many look-ups have confirmed them.
func (e *examination) believe(t *task, parts device.Parts) (drift []device.Drift, left device.Parts) {
	left = parts
	if !e.listed || t.unrecorded() {
		return nil, left
	}
	for _, part := range provenParts {
		if parts&part == 0 || e.roll.parts&part == 0 || !e.trusts[part].BelievesAfter(believeAfter) {
			continue
		}
		if shown, ok := e.roll.drift(t, part); ok {
			drift, left = append(drift, shown...), left&^part
		}
	}
	return drift, left
}

// withoutConsequences leaves out what a list lacks only because the certificate or the thing is gone.
func withoutConsequences(drift []device.Drift) []device.Drift {
	certificate, thing := hasKind(drift, device.DriftCertificateGone), hasKind(drift, device.DriftThingGone)
	return slices.DeleteFunc(drift, func(d device.Drift) bool {
		return certificate && d.Reason == device.DriftPolicyMissing || thing && d.Reason == device.DriftGroupMissing
	})
}

// learn compares what was looked up with what the lists show.
func (e *examination) learn(t *task, x examined) {
	if !e.listed || x.err != nil || t.unrecorded() {
		return
	}
	for _, part := range provenParts {
		if x.parts&part == 0 || e.roll.parts&part == 0 || e.roll.shows(t)&part != 0 {
			continue
		}
		kinds := kindsOf[part]
		e.trusts[part].Learn(slices.ContainsFunc(x.drift, func(d device.Drift) bool { return slices.Contains(kinds, d.Reason) }))
	}
}

// kindsOf are the kinds of drift of a part.
var kindsOf = map[device.Parts][]manifest.Reason{
	device.PartCertificate: {device.DriftCertificateGone, device.DriftStatus},
	device.PartPolicies:    {device.DriftPolicyMissing, device.DriftPolicyExtra, device.DriftCertificateGone},
	device.PartGroups:      {device.DriftGroupMissing, device.DriftGroupExtra, device.DriftThingGone},
}

// add counts what was found of a device, and passes drift on.
func (e *examination) add(t *task, x examined) {
	var failure *device.FailedError
	e.session.haltOnStop(x.err)
	if x.err != nil && !errors.As(x.err, &failure) {
		return // the verification ended before the device was read
	}
	e.learn(t, x)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.again {
		e.done++
	}
	record := recordOf(t.place, &t.device, OutcomeDrift)
	switch {
	case failure != nil:
		e.result.Unread++
		record.Outcome, record.Reason, record.Detail = ledger.Failed, string(failure.Reason), failure.Error()
		e.tally.Add(record)
		x.drift = []device.Drift{{Reason: failure.Reason, Detail: failure.Error()}}
	case t.unrecorded() && !e.again && isPending(x.drift):
		e.result.Pending++
		return
	case t.unrecorded() && !e.again:
		x.drift = append([]device.Drift{{
			Reason: ReasonUnrecorded, Detail: "the registry has something of the device, and the ledger has no outcome",
		}}, x.drift...)
	}
	if len(x.drift) == 0 {
		return
	}
	if failure == nil {
		e.count(t, x, record)
	}
	if e.found != nil {
		e.found(Finding{
			Place: t.place, Manifest: t.device.Manifest, Line: t.device.Line, ID: t.device.ID,
			ThingName: t.device.ThingName, CertificateID: t.device.CertificateID, Drift: x.drift,
		})
	}
}

// count counts the drift of a device, each kind once.
func (e *examination) count(t *task, x examined, record ledger.Record) {
	counted := map[manifest.Reason]bool{}
	attached := false
	for _, d := range x.drift {
		attached = attached || isAttachment(d.Reason)
		if counted[d.Reason] {
			continue
		}
		counted[d.Reason] = true
		record.Reason, record.Detail = string(d.Reason), d.Detail
		e.tally.Add(record)
	}
	if sampled := e.result.Sample == e.result.Devices || !e.listed; attached && sampled && !e.drifted.has(t.number*2+1) {
		e.drifted.set(t.number*2 + 1)
		e.result.SampleDrifted++
	}
	if !e.drifted.has(t.number * 2) {
		e.drifted.set(t.number * 2)
		e.result.Drifted++
	}
}

// isAttachment reports whether drift is of an attachment, which AWS lists for one device a call.
func isAttachment(kind manifest.Reason) bool {
	switch kind {
	case device.DriftDetached, device.DriftNotExclusive, device.DriftOtherThing, device.DriftOtherCertificate,
		device.DriftPolicyMissing, device.DriftPolicyExtra, device.DriftGroupMissing, device.DriftGroupExtra:
		return true
	}
	return false
}

// isPending reports whether nothing of a device exists.
func isPending(drift []device.Drift) bool {
	return hasKind(drift, device.DriftCertificateGone) && hasKind(drift, device.DriftThingGone)
}

func hasKind(drift []device.Drift, kind manifest.Reason) bool {
	return slices.ContainsFunc(drift, func(d device.Drift) bool { return d.Reason == kind })
}

func (e *examination) progress(ceiling float64, binding iot.Operation) Comparing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return comparing(e.started, e.done, e.fleet.Devices, ceiling, binding)
}
