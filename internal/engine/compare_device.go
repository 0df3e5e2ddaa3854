package engine

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
)

// What a comparison says of a device.
const (
	isNew = iota
	unchanged
	incomplete
	conflicting
)

var stateNames = [...]string{"new", "unchanged", "completed", "conflict"}

// A finding is what was found of one device, and what the import would do.
type finding struct {
	state      int
	registered bool // its certificate exists
	calls      []PlannedCall
	err        error
}

// compare looks one device up. A failure of the device is a conflict.
func (c *comparer) compare(d *deviceRun) finding {
	r := c.run
	known, listed := r.state.of(d.task)
	found := finding{registered: true}
	if !listed {
		thing, err := c.lookUp(d, &known)
		switch {
		case err != nil:
			return failing(found, err)
		case known.registered && !thing:
			return finding{state: isNew, calls: r.freshCalls(d)}
		}
		found.registered = !known.registered
	}
	have, err := d.look(known)
	if err != nil {
		return failing(found, err)
	}
	todo, err := judge(r.Settings, d.task.thing, have)
	found.calls = r.existingCalls(d, known.registered, have, todo, err == nil)
	switch {
	case err != nil:
		return failing(found, err)
	case todo.nothing():
		found.state = unchanged
	default:
		found.state = incomplete
	}
	return found
}

func failing(found finding, err error) finding {
	found.state, found.err = conflicting, err
	return found
}

// lookUp finds out whether certificate and thing exist; known.registered says
// that the certificate does not, as if it had just been registered.
func (c *comparer) lookUp(d *deviceRun, known *facts) (thing bool, err error) {
	s, number := c.run.state, d.task.number
	fresh := facts{certificate: &iot.Certificate{ID: d.id, ARN: d.arn, Status: c.run.Settings.status()}, registered: true}
	if s.stage() == snapshotReady {
		if s.bits[number].Load()&bitSeen != 0 {
			return true, nil // with another status, which is read
		}
		if c.complete && c.trust.believes() {
			*known = fresh
			return s.things[number] != 0, nil
		}
	}
	_, err = d.call(iot.DescribeCertificate, func(ctx context.Context) (err error) {
		certificate, err := c.run.AWS.Certificates.DescribeCertificate(ctx, d.id)
		known.certificate = &certificate
		return err
	})
	switch {
	case err == nil:
		c.trust.tell(false)
		return true, nil
	case iot.ClassOf(err) != iot.ClassNotFound && !isFinal(err):
		return false, failureOf(err)
	case iot.ClassOf(err) != iot.ClassNotFound:
		return false, err
	}
	*known = fresh
	have, err := d.describeThing()
	if err == nil {
		c.trust.tell(s.stage() != snapshotReady || (have != nil) == (s.things[number] != 0))
	}
	return have != nil, err
}

// A trust says whether what a list does not show may be taken not to exist.
// The devices that are asked for first are those that lists would lag behind
// on: the ones behind the last that an import registered.
type trust struct {
	mu     sync.Mutex
	agreed int
	wrong  bool
}

// trustAfter is how many look-ups must agree with the lists.
const trustAfter = 100

func (t *trust) believes() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.wrong && t.agreed >= trustAfter
}

func (t *trust) tell(agrees bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if agrees {
		t.agreed++
	} else {
		t.wrong = true
	}
}

// add counts a finding. There is none where the comparison ended before the device did.
func (c *comparer) add(d *deviceRun, found finding) {
	var stop *StopError
	if errors.As(found.err, &stop) {
		c.run.halt(stop)
		return
	}
	var failure *deviceError
	if found.err != nil && !errors.As(found.err, &failure) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	c.states[found.state]++
	if found.registered {
		c.existing++
	}
	for _, call := range found.calls {
		c.calls[call.Operation]++
	}
	example := PlannedDevice{
		Place: d.task.place, ThingName: d.task.thing.Name, CertificateID: d.id, State: stateNames[found.state], Calls: found.calls,
		number: d.task.number,
	}
	if failure != nil {
		example.Reason, example.Detail = failure.reason, failure.Error()
		c.fail(example)
	}
	kept := slices.Concat(c.examples[found.state], []PlannedDevice{example})
	slices.SortFunc(kept, func(a, b PlannedDevice) int { return cmp.Compare(a.number, b.number) })
	c.examples[found.state] = kept[:min(len(kept), maxExamples)]
}

func (c *comparer) fail(example PlannedDevice) {
	f := c.failures[example.Reason]
	if f == nil {
		f = &Failure{Reason: string(example.Reason), Example: example.Detail, Thing: example.ThingName, Todo: todo(string(example.Reason))}
		c.failures[example.Reason] = f
	}
	f.Count++
}

func (c *comparer) result() Comparison {
	result := Comparison{
		New: c.states[isNew], Unchanged: c.states[unchanged], Completed: c.states[incomplete], Conflicts: c.states[conflicting],
		Calls: c.calls, Examples: c.someExamples(),
	}
	result.Made, _, _ = c.run.caller.tally.snapshot()
	for _, f := range c.failures {
		result.Failures = append(result.Failures, *f)
	}
	slices.SortFunc(result.Failures, func(a, b Failure) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Reason, b.Reason)) })
	if c.existing >= existingFrom && c.devices-existingFrom >= existingLeft && c.existing*existingShare >= c.devices {
		result.Paged = true
		c.page(&result)
	}
	return result
}

// page turns the reads of devices that exist into those of an import that
// reads pages: the lists, and one read of a link per device, from either side.
func (c *comparer) page(result *Comparison) {
	paged := float64(c.existing - existingFrom)
	kept := newPaths(c.run.Limiters.Set(), c.run.Settings.Attachments).known
	for _, op := range []iot.Operation{
		opRegister, iot.DescribeCertificate, iot.DescribeThing, iot.ListAttachedPolicies,
		iot.ListThingGroupsForThing, iot.ListPrincipalThings, iot.ListPrincipalThingsV2,
	} {
		if kept[op] == 0 {
			result.Calls[op] = max(result.Calls[op]-paged, 0)
		}
	}
	byThing, byPrincipal := iot.ListThingPrincipals, iot.ListPrincipalThings
	if c.run.Settings.Exclusive {
		byThing, byPrincipal = iot.ListThingPrincipalsV2, iot.ListPrincipalThingsV2
	}
	fromThere := math.Round(paged * (1 - c.run.links.share))
	result.Calls[byThing] -= fromThere
	result.Calls[byPrincipal] += fromThere
	for _, op := range []iot.Operation{iot.ListCertificates, iot.ListThings, iot.ListTargetsForPolicy, iot.ListThingsInThingGroup} {
		result.Calls[op] += float64(result.Made[string(op)])
	}
	maps.DeleteFunc(result.Calls, func(_ iot.Operation, n float64) bool { return n == 0 })
}

// someExamples takes one of each state in turn.
func (c *comparer) someExamples() (some []PlannedDevice) {
	for i := range maxExamples {
		for _, state := range [...]int{conflicting, incomplete, isNew, unchanged} {
			if i < len(c.examples[state]) && len(some) < maxExamples {
				some = append(some, c.examples[state][i])
			}
		}
	}
	return some
}

// take reads the lists for a comparison, and says whether to their end.
func (s *snapshot) take(devices int) (complete bool) {
	s.begin(devices)
	s.read()
	return !s.cut.Load()
}

// noJournal is for runs that change nothing.
type noJournal struct{}

func (noJournal) Mark(context.Context, []ledger.Mark) error     { return nil }
func (noJournal) Record(context.Context, []ledger.Record) error { return nil }
func (noJournal) Close(context.Context, ledger.End) error       { return nil }
func (noJournal) Marked(context.Context) iter.Seq2[ledger.Mark, error] {
	return func(func(ledger.Mark, error) bool) {}
}
