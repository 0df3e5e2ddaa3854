package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
)

// A PlannedDevice is what an import would do for one device.
type PlannedDevice struct {
	ledger.Place
	ThingName     string
	CertificateID string
	// State is new, unchanged, completed or conflict; new without a comparison.
	State string
	// Reason and Detail of a conflict.
	Reason, Detail string
	// Steps in the order in which they are begun; those that attach run concurrently.
	Steps []device.Step

	number int
}

// PlanFresh returns what an import would do for the examples of a scan if they
// are new to AWS.
func PlanFresh(scan *ScanResult, config Config) []PlannedDevice {
	s := config.open(context.Background())
	defer s.close()
	rehearsal := device.NewRehearsal(s.account)
	var planned []PlannedDevice
	for i := range scan.Examples {
		d := &scan.Examples[i]
		wanted, thing, _, err := scan.judge.variants.thing(d)
		if err != nil {
			continue // a device whose attributes cannot be filled is rejected, and no example
		}
		subject := s.subject(&task{device: *d, wanted: wanted, thing: thing})
		steps, _, _ := rehearsal.Import(*subject, device.Observed{}) // nothing exists that could conflict
		planned = append(planned, PlannedDevice{
			Place: ledger.Place{Entry: d.Entry}, ThingName: d.ThingName, CertificateID: subject.CertificateID,
			State: stateNames[isNew], Steps: steps,
		})
	}
	return planned
}

// A Comparison is what AWS has of the devices of manifests.
type Comparison struct {
	// New devices are unknown to AWS, Unchanged are all as wanted, Completed
	// lack something that an import would add, and Conflicts would fail.
	New, Unchanged, Completed, Conflicts int
	// Failures are the conflicts by reason, most frequent first.
	Failures []ledger.Reason
	// Calls are those that the import would make, by operation. If Paged is
	// set the import would read lists in pages, and the number of reads is an
	// estimate: it depends on when the import notices how many devices exist.
	Calls quota.Calls
	Paged bool
	// Made are the calls that the comparison made.
	Made map[string]int
	// Took is how long it took.
	Took time.Duration
	// Examples are up to five devices of as many kinds as there are.
	Examples []PlannedDevice
}

// What a comparison finds of a device.
const (
	isNew = iota
	unchanged
	incomplete
	conflicting
)

var stateNames = [...]string{"new", "unchanged", "completed", "conflict"}

// Compare looks every device up in AWS and returns what an import would do. It
// changes nothing. If there are many devices it first reads the lists, in
// pages of 250. It looks up what a list does not show until the list has been
// right often enough to be trusted.
//
// Its errors are those of [Run], except [BalanceError].
func Compare(ctx context.Context, config Config, sources []*Source, scan *ScanResult) (Comparison, error) {
	started := time.Now()
	s := config.open(ctx)
	defer s.close()
	lists := newSnapshot(s, scan.judge, scan.Devices, func() int { return 0 })
	complete := scan.Devices >= existingLeft && lists.take(scan.Devices)
	c := &comparison{devices: scan.Devices, rehearsal: device.NewRehearsal(s.account)}
	lookUp := &lookUp{session: s, lists: lists, complete: complete}
	reads := newPaths(config.Limiters.Set(), scan.Portions())
	pass := everyDevice(sources, scan, config.Settings)
	runPipeline(s, received(readAhead(s, pass.tasks(s.begin))), func(t *task, runner *device.Runner) *finding {
		return c.rehearse(s.subject(t), func(d *device.Device) (device.Observed, error) { return lookUp.observe(t, d, runner.Do) })
	}, func(t *task, f *finding) {
		s.haltOnStop(f.err)
		c.add(t, f)
	}, func(time.Time) {
		ceiling, binding := compareCeiling(config.Limiters, s.account.Links, reads, complete)
		s.window.fit(ceiling)
		s.events.send(c.progress(started, ceiling, binding))
	})
	result := c.result(s.account, reads, s.caller.Tally().Calls)
	result.Took = time.Since(started)
	return result, compareError(ctx, s)
}

// compareCeiling is what the reads of a device that exists allow, in devices per second.
func compareCeiling(limiters *quota.Limiters, links *device.Links, p paths, complete bool) (float64, iot.Operation) {
	if complete {
		return knownCeiling(limiters, links, p.known)
	}
	reads := maps.Clone(p.unknown)
	delete(reads, iot.RegisterCertificateWithoutCA)
	return knownCeiling(limiters, links, reads)
}

// compareError is the error of a comparison whose devices all ended.
func compareError(ctx context.Context, s *session) error {
	if stop := s.stopCause(); stop != nil {
		return stop
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	}
	return context.Cause(s.begin)
}

// A finding is what was found of one device, and what the import would do.
type finding struct {
	state      int
	registered bool // its certificate exists
	steps      []device.Step
	id         string
	err        error
}

// A comparison counts findings. It is safe for concurrent use.
type comparison struct {
	devices   int
	rehearsal *device.Rehearsal

	mu       sync.Mutex
	done     int
	states   [conflicting + 1]int
	existing int // registered already
	calls    quota.Calls
	failures ledger.Tally
	examples [conflicting + 1][]PlannedDevice
}

// rehearse observes a device and finds out what an import would do for it. It
// counts a failure of the device as a conflict.
func (c *comparison) rehearse(d *device.Device, observe func(*device.Device) (device.Observed, error)) *finding {
	have, err := observe(d)
	found := &finding{id: d.CertificateID, registered: have.Registered, state: conflicting, err: err}
	if err != nil {
		return found
	}
	var changes int
	found.steps, changes, found.err = c.rehearsal.Import(*d, have)
	switch {
	case found.err != nil:
	case !have.Registered && have.Thing == nil:
		found.state = isNew
	case changes == 0:
		found.state = unchanged
	default:
		found.state = incomplete
	}
	return found
}

// add counts a finding, unless the comparison ended before the device was looked up.
func (c *comparison) add(t *task, found *finding) {
	var failure *device.FailedError
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
	if c.calls == nil {
		c.calls = quota.Calls{}
	}
	for _, step := range found.steps {
		c.calls[step.Operation]++
	}
	example := PlannedDevice{
		Place: t.place, ThingName: t.thing.Name, CertificateID: found.id, State: stateNames[found.state], Steps: found.steps,
		number: t.number,
	}
	if failure != nil {
		example.Reason, example.Detail = string(failure.Reason), detailOf(t, failure)
		record := recordOf(t.place, &t.device, ledger.Failed)
		record.Reason, record.Detail = example.Reason, example.Detail
		c.failures.Add(record)
	}
	kept := append(slices.Clip(c.examples[found.state]), example)
	slices.SortFunc(kept, func(a, b PlannedDevice) int { return cmp.Compare(a.number, b.number) })
	c.examples[found.state] = kept[:min(len(kept), MaxExamples)]
}

func (c *comparison) progress(started time.Time, ceiling float64, binding iot.Operation) Comparing {
	c.mu.Lock()
	defer c.mu.Unlock()
	return comparing(started, c.done, c.devices, ceiling, binding)
}

// comparing returns the progress of a comparison that began at started.
func comparing(started time.Time, done, total int, ceiling float64, binding iot.Operation) Comparing {
	p := Comparing{Done: done, Total: total, Ceiling: finite(ceiling), Binding: string(binding)}
	if spent := time.Since(started).Seconds(); spent > 0 {
		p.Rate = float64(done) / spent
	}
	return p
}

func (c *comparison) result(a *device.Account, p paths, made map[string]int) Comparison {
	result := Comparison{
		New: c.states[isNew], Unchanged: c.states[unchanged], Completed: c.states[incomplete], Conflicts: c.states[conflicting],
		Failures: c.failures.Reasons(), Calls: c.calls, Made: made, Examples: c.someExamples(),
	}
	if c.existing >= existingFrom && c.devices-existingFrom >= existingLeft && c.existing*existingShare >= c.devices {
		result.Paged = true
		estimatePages(result.Calls, float64(c.existing-existingFrom), a, p.known, made)
	}
	return result
}

// estimatePages replaces the reads of existing devices by those of an import
// that reads lists in pages and then one link per device, from either side.
func estimatePages(calls quota.Calls, paged float64, a *device.Account, kept quota.Calls, made map[string]int) {
	for _, op := range []iot.Operation{
		iot.RegisterCertificateWithoutCA, iot.DescribeCertificate, iot.DescribeThing, iot.ListAttachedPolicies,
		iot.ListThingGroupsForThing, iot.ListPrincipalThings, iot.ListPrincipalThingsV2,
	} {
		if kept[op] == 0 {
			calls[op] = max(calls[op]-paged, 0)
		}
	}
	byThing, byPrincipal := iot.ListThingPrincipals, iot.ListPrincipalThings
	if a.Wanted.Exclusive {
		byThing, byPrincipal = iot.ListThingPrincipalsV2, iot.ListPrincipalThingsV2
	}
	fromThere := math.Round(paged * (1 - a.Links.Share()))
	calls[byThing] -= fromThere
	calls[byPrincipal] += fromThere
	for _, op := range []iot.Operation{iot.ListCertificates, iot.ListThings, iot.ListTargetsForPolicy, iot.ListThingsInThingGroup} {
		calls[op] += float64(made[string(op)])
	}
	maps.DeleteFunc(calls, func(_ iot.Operation, n float64) bool { return n == 0 })
}

// someExamples picks examples of each state in turn.
func (c *comparison) someExamples() (some []PlannedDevice) {
	for i := range MaxExamples {
		for _, state := range [...]int{conflicting, incomplete, isNew, unchanged} {
			if i < len(c.examples[state]) && len(some) < MaxExamples {
				some = append(some, c.examples[state][i])
			}
		}
	}
	return some
}
