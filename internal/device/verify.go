package device

import (
	"context"
	"slices"
	"sync"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
)

// A Verifier compares devices with what is wanted of them. It is safe for concurrent use.
type Verifier struct {
	account *Account
	// delays decides whether attachments that are missing are read again: AWS lists
	// them late after a change.
	delays Trust

	mu      sync.Mutex
	dynamic map[string]bool // by group: whether a query chooses its things
}

// NewVerifier returns a Verifier for devices of the account.
func NewVerifier(a *Account) *Verifier { return &Verifier{account: a, dynamic: map[string]bool{}} }

// Verify reads parts of the state of a device and returns how they differ from what is wanted. Its
// errors are those of [Import].
func (v *Verifier) Verify(d *Device, parts Parts, do Stage) ([]Drift, error) {
	state, err := v.read(d, parts, do)
	if err != nil {
		return nil, err
	}
	return state.drifts(*v.account.wanted(d), d), nil
}

// State reads the whole state of a device, and returns how it differs from what is wanted. Its errors
// are those of [Import].
func (v *Verifier) State(d *Device, do Stage) (State, []Drift, error) {
	state, err := v.read(d, PartAll, do)
	if err != nil {
		return State{}, nil, err
	}
	return state.State, state.drifts(*v.account.wanted(d), d), nil
}

// againMost is how often attachments are read again before they are believed to be missing.
const againMost = 3

// read reads parts of the state of a device, and reads attachments again that seem to be missing.
func (v *Verifier) read(d *Device, parts Parts, do Stage) (reading, error) {
	state := reading{parts: parts}
	if err := v.readOnce(d, &state, parts, do); err != nil {
		return state, err
	}
	late := state.late(*v.account.wanted(d), d)
	if late == 0 || v.delays.Believes() {
		return state, nil
	}
	for attempt := 1; attempt <= againMost && state.late(*v.account.wanted(d), d) != 0; attempt++ {
		if err := do(pause(attempt)); err != nil {
			return state, err
		}
		if err := v.readOnce(d, &state, late, do); err != nil {
			return state, err
		}
	}
	v.delays.Learn(state.late(*v.account.wanted(d), d) == late)
	return state, nil
}

// late returns the parts whose lists lack something that is wanted.
func (r *reading) late(w Wanted, d *Device) (parts Parts) {
	if r.certificateGone() || r.thingGone() {
		return 0
	}
	if r.has(PartPrincipals|PartThings) && !r.observed(d).Linked {
		parts |= r.parts & (PartPrincipals | PartThings)
	}
	if r.has(PartPolicies) && len(missing(w.Attachments.Policies, r.Policies)) > 0 {
		parts |= PartPolicies
	}
	if r.has(PartGroups) && len(missing(w.Attachments.ThingGroups, r.Groups)) > 0 {
		parts |= PartGroups
	}
	return parts
}

// pause returns a step that makes no call and waits as before the given attempt of one.
func pause(attempt int) Step {
	return Step{Do: func(c *call.Caller) (call.Result, error) {
		slept, err := c.Backoff(attempt)
		return call.Result{Busy: slept}, err
	}}
}

// readOnce reads parts of the state of a device.
func (v *Verifier) readOnce(d *Device, state *reading, parts Parts, do Stage) error {
	a := v.account
	var reads []Step
	if parts&PartCertificate != 0 {
		reads = append(reads, lookUpCertificate(a, d.CertificateID, &state.Certificate))
	}
	if parts&PartThing != 0 {
		reads = append(reads, DescribeThing(a, d, &state.Thing))
	}
	reads = append(reads, linkReads(a, d, parts&PartPrincipals != 0, parts&PartThings != 0, &state.Principals, &state.Things)...)
	if parts&PartPolicies != 0 {
		reads = append(reads, listAttachedPolicies(a, d, &state.Policies))
	}
	if parts&PartGroups != 0 {
		reads = append(reads, listThingGroups(a, d, &state.Groups))
	}
	if err := do(reads...); err != nil {
		return FailureOf(err)
	}
	if parts&PartGroups == 0 {
		return nil
	}
	state.Dynamic = nil
	return v.splitDynamic(d, &state.State, do)
}

// splitDynamic takes the groups whose things are chosen by a query from the others: nobody added the
// thing to them.
func (v *Verifier) splitDynamic(d *Device, state *State, do Stage) error {
	var kept []string
	for _, name := range state.Groups {
		if slices.Contains(v.account.wanted(d).Attachments.ThingGroups, name) {
			kept = append(kept, name)
			continue
		}
		dynamic, err := v.isDynamic(name, do)
		if err != nil {
			return err
		}
		if dynamic {
			state.Dynamic = append(state.Dynamic, name)
		} else {
			kept = append(kept, name)
		}
	}
	state.Groups = kept
	return nil
}

// isDynamic reports whether a query chooses the things of a group. It asks AWS once for each group.
func (v *Verifier) isDynamic(name string, do Stage) (bool, error) {
	v.mu.Lock()
	dynamic, known := v.dynamic[name]
	v.mu.Unlock()
	if known {
		return dynamic, nil
	}
	var group iot.ThingGroup
	err := do(Step{
		Operation: iot.DescribeThingGroup, Parameters: map[string]any{"thingGroupName": name},
		Do: once(iot.DescribeThingGroup, func(ctx context.Context) (err error) {
			group, err = v.account.AWS.Checks.DescribeThingGroup(ctx, name)
			return err
		}),
	})
	if err != nil && iot.ClassOf(err) != iot.ClassNotFound {
		return false, FailureOf(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dynamic[name] = group.Query != ""
	return v.dynamic[name], nil
}
