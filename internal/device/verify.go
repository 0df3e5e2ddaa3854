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
	return state.drifts(v.account.Wanted, d), nil
}

// againMost is how often attachments are read again before they are believed to be missing.
const againMost = 3

// read reads parts of the state of a device, and reads attachments again that seem to be missing.
func (v *Verifier) read(d *Device, parts Parts, do Stage) (reading, error) {
	state := reading{parts: parts}
	if err := v.readOnce(d, &state, parts, do); err != nil {
		return state, err
	}
	late := state.late(v.account.Wanted, d)
	if late == 0 || v.delays.Believes() {
		return state, nil
	}
	for attempt := 1; attempt <= againMost && state.late(v.account.Wanted, d) != 0; attempt++ {
		if err := do(pause(attempt)); err != nil {
			return state, err
		}
		if err := v.readOnce(d, &state, late, do); err != nil {
			return state, err
		}
	}
	v.delays.Learn(state.late(v.account.Wanted, d) == late)
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
	if r.has(PartPolicies) && len(missing(w.Attachments.Policies, r.policies)) > 0 {
		parts |= PartPolicies
	}
	if r.has(PartGroups) && len(missing(w.Attachments.ThingGroups, r.groups)) > 0 {
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
		reads = append(reads, lookUpCertificate(a, d.CertificateID, &state.certificate))
	}
	if parts&PartThing != 0 {
		reads = append(reads, DescribeThing(a, d, &state.thing))
	}
	reads = append(reads, linkReads(a, d, parts&PartPrincipals != 0, parts&PartThings != 0, &state.principals, &state.things)...)
	if parts&PartPolicies != 0 {
		reads = append(reads, listAttachedPolicies(a, d, &state.policies))
	}
	if parts&PartGroups != 0 {
		reads = append(reads, listThingGroups(a, d, &state.groups))
	}
	if err := do(reads...); err != nil {
		return FailureOf(err)
	}
	if parts&PartGroups == 0 {
		return nil
	}
	return v.dropDynamic(&state.groups, do)
}

// dropDynamic removes the groups whose things are chosen by a query: nobody added the thing to them.
func (v *Verifier) dropDynamic(groups *[]string, do Stage) error {
	var kept []string
	for _, name := range *groups {
		if slices.Contains(v.account.Wanted.Attachments.ThingGroups, name) {
			kept = append(kept, name)
			continue
		}
		dynamic, err := v.isDynamic(name, do)
		if err != nil {
			return err
		}
		if !dynamic {
			kept = append(kept, name)
		}
	}
	*groups = kept
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
