package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Reasons of devices of which an undo kept something. They are stable.
const (
	ReasonKeptInUse      manifest.Reason = "kept-in-use"       // somebody uses the certificate otherwise now
	ReasonKeptShared     manifest.Reason = "kept-shared"       // a later import found it and counts on it
	ReasonKeptThing      manifest.Reason = "kept-thing-in-use" // the thing was changed, or has another certificate
	ReasonKeptNoBaseline manifest.Reason = "kept-no-baseline"  // the thing may have existed before
	ReasonKeptReplaced   manifest.Reason = "kept-replaced"     // the device has no other certificate any more
	ReasonKeptEnsured    manifest.Reason = "kept-ensured"      // the attachment may have existed before
)

// An Undone is what is to be undone of one device.
type Undone struct {
	// Steps are those that the import recorded.
	Steps []ledger.Step
	// Baseline reports whether the import listed the things before its first call, so that it is known
	// whether it created the thing.
	Baseline bool
	// CertificateOf and ThingOf are the IDs of later imports that count on the certificate and on the
	// thing; empty if none does.
	CertificateOf, ThingOf string
	// OurCertificate and OurThing report whether the certificate with an ARN, and a thing, belong to what
	// is being undone.
	OurCertificate, OurThing func(name string) bool
}

// made reports whether the import recorded an operation, and whether it created something by it.
func (u Undone) made(op iot.Operation) (made, created bool) {
	for _, step := range u.Steps {
		if step.Operation == string(op) {
			made, created = true, created || step.Created
		}
	}
	return made, created
}

// resources returns what the import attached by the operations.
func (u Undone) resources(ops ...iot.Operation) (names []string) {
	for _, step := range u.Steps {
		if slices.Contains(ops, iot.Operation(step.Operation)) {
			names = append(names, step.Resource)
		}
	}
	return names
}

// Undo removes what an import created, in the order that AWS asks for. It reads the device first, and
// removes nothing that was there before, or that somebody else uses since. What it keeps is in the
// *[KeptError] that it returns then. Otherwise the error is that of [Import].
func Undo(a *Account, d *Device, u Undone, do Stage) error {
	_, registered := u.made(iot.RegisterCertificateWithoutCA)
	_, thingCreated := u.made(iot.CreateThing)
	registered, thingCreated = registered && u.CertificateOf == "", thingCreated && u.ThingOf == ""
	have, err := lookForUndo(a, d, registered, thingCreated, do)
	if err != nil {
		return FailureOf(err)
	}
	var kept keptList
	if old := Replaced(u.Steps); old != "" && have.certificate != nil {
		working, err := stillWorks(a, d, old, do)
		if err != nil {
			return FailureOf(err)
		}
		if !working {
			return &KeptError{ReasonKeptReplaced, fmt.Errorf("certificate %s: the one that it replaced does not work any more", d.CertificateID)}
		}
	}
	removeCertificate := have.certificate != nil && kept.certificate(d, u, have)
	held := have.certificate != nil && !removeCertificate // and the thing with it
	removeThing := have.thing != nil && !held && kept.thing(d, u, have)
	kept.remaining(d, u, registered && !held, removeThing || thingCreated && have.thing == nil)
	if err := do(detachSteps(a, d, u, have, removeCertificate, removeThing)...); err != nil {
		return FailureOf(err)
	}
	if removeCertificate && have.certificate.Status == iot.StatusActive {
		if err := do(setStatus(a, d, iot.StatusInactive)); err != nil && iot.ClassOf(err) != iot.ClassNotFound {
			return FailureOf(err)
		}
	}
	var last []Step
	if removeCertificate {
		last = append(last, deleteCertificate(a, d))
	}
	if removeThing {
		last = append(last, deleteThing(a, d, have.thing.Version))
	}
	if err := do(last...); err != nil {
		return FailureOf(err)
	}
	return kept.error()
}

// stillWorks reports whether the certificate that was replaced is ACTIVE and attached to the thing.
func stillWorks(a *Account, d *Device, old string, do Stage) (bool, error) {
	var certificate *iot.Certificate
	var principals []iot.Link
	err := do(lookUpCertificate(a, old, &certificate), a.Links.step(ofThing, d.Thing.Name, &principals))
	attached := slices.ContainsFunc(principals, func(l iot.Link) bool { return certificateOf(l.Name) == old })
	return attached && certificate != nil && certificate.Status == iot.StatusActive, err
}

// UndoByStatus deactivates the certificate, if the import registered it and no later import counts on it.
// It keeps everything else. The error is that of [Undo].
func UndoByStatus(a *Account, d *Device, u Undone, do Stage) error {
	if _, registered := u.made(iot.RegisterCertificateWithoutCA); !registered {
		return nil
	}
	if u.CertificateOf != "" {
		return &KeptError{ReasonKeptShared, fmt.Errorf("certificate %s: import %s counts on it", d.CertificateID, u.CertificateOf)}
	}
	certificate, err := findCertificate(a, d, do)
	if err != nil || certificate == nil || certificate.Status != iot.StatusActive {
		return FailureOf(err)
	}
	return FailureOf(do(setStatus(a, d, iot.StatusInactive)))
}

// seen is the state of a device that is to be undone.
type seen struct {
	certificate *iot.Certificate // nil if it is gone
	thing       *iot.Thing       // nil if it is gone
	policies    []string
	things      []iot.Link // of the certificate
	principals  []iot.Link // of the thing
}

func lookForUndo(a *Account, d *Device, certificate, thing bool, do Stage) (seen, error) {
	var have seen
	var reads []Step
	if certificate {
		reads = append(reads, lookUpCertificate(a, d.CertificateID, &have.certificate),
			listAttachedPolicies(a, d, &have.policies), a.Links.step(ofCertificate, d.CertificateARN, &have.things))
	}
	if thing {
		reads = append(reads, DescribeThing(a, d, &have.thing), a.Links.step(ofThing, d.Thing.Name, &have.principals))
	}
	err := do(reads...)
	return have, err
}

// keptList collects what is kept, and why.
type keptList struct {
	reason  manifest.Reason
	details []string
}

func (k *keptList) add(reason manifest.Reason, format string, args ...any) {
	if k.reason == "" {
		k.reason = reason
	}
	k.details = append(k.details, fmt.Sprintf(format, args...))
}

func (k *keptList) error() error {
	if k.reason == "" {
		return nil
	}
	return &KeptError{Reason: k.reason, Err: errors.New(strings.Join(k.details, "; "))}
}

// certificate reports whether the certificate may be removed.
func (k *keptList) certificate(d *Device, u Undone, have seen) bool {
	ours := u.resources(iot.AttachPolicy)
	for _, policy := range have.policies {
		if !slices.Contains(ours, policy) {
			k.add(ReasonKeptInUse, "certificate %s: policy %s was attached to it since", d.CertificateID, policy)
			return false
		}
	}
	for _, link := range have.things {
		if link.Name != d.Thing.Name && !u.OurThing(link.Name) {
			k.add(ReasonKeptInUse, "certificate %s: it was attached to thing %s since", d.CertificateID, link.Name)
			return false
		}
	}
	return true
}

// thing reports whether the thing may be removed.
func (k *keptList) thing(d *Device, u Undone, have seen) bool {
	if updates := int64(len(u.resources(iot.UpdateThing))); have.thing.Version != 1+updates {
		k.add(ReasonKeptThing, "thing %s: it was changed since", d.Thing.Name)
		return false
	}
	for _, link := range have.principals {
		if link.Name != d.CertificateARN && !u.OurCertificate(link.Name) {
			k.add(ReasonKeptThing, "thing %s: %s was attached to it since", d.Thing.Name, link.Name)
			return false
		}
	}
	return true
}

// remaining names what the import shares with others, and what may have existed before. Certificate and thing
// report whether these are removed, so that everything attached to them is gone as well.
func (k *keptList) remaining(d *Device, u Undone, certificate, thing bool) {
	if u.CertificateOf != "" {
		k.add(ReasonKeptShared, "certificate %s: import %s counts on it", d.CertificateID, u.CertificateOf)
	}
	if u.ThingOf != "" && u.ThingOf != u.CertificateOf {
		k.add(ReasonKeptShared, "thing %s: import %s counts on it", d.Thing.Name, u.ThingOf)
	}
	if k.reason != "" {
		return // what is attached stays with it
	}
	ensured, created := u.made(iot.CreateThing)
	if ensured && !created && !u.Baseline {
		k.add(ReasonKeptNoBaseline, "thing %s: it may have existed before the import, which did not list the things", d.Thing.Name)
	}
	for _, step := range u.Steps {
		what, gone := "", thing
		switch iot.Operation(step.Operation) {
		case iot.AttachPolicy:
			what, gone = "policy "+step.Resource+" on the certificate", certificate
		case iot.AttachThingPrincipal:
			what, gone = "the attachment of the certificate to the thing", certificate || thing
		case iot.UpdateCertificate:
			what, gone = "the status of the certificate", certificate
		case iot.UpdateThing:
			what = "type and attributes of the thing"
		case iot.AddThingToBillingGroup:
			what = "billing group " + step.Resource
		case iot.AddThingToThingGroup, iot.UpdateThingGroupsForThing:
			what = "membership in thing group " + step.Resource
		}
		if what != "" && !gone && !step.Created {
			k.add(ReasonKeptEnsured, "%s: it may have been so before the import", what)
		}
	}
}

// detachSteps are the steps after which certificate and thing are free.
func detachSteps(a *Account, d *Device, u Undone, have seen, certificate, thing bool) (steps []Step) {
	if certificate {
		for _, policy := range have.policies {
			steps = append(steps, detachPolicy(a, d, policy))
		}
		for _, link := range have.things {
			steps = append(steps, detachThing(a, d.CertificateARN, link.Name))
		}
	}
	if thing {
		for _, link := range have.principals {
			if !certificate || link.Name != d.CertificateARN {
				steps = append(steps, detachThing(a, link.Name, d.Thing.Name))
			}
		}
		for _, group := range u.resources(iot.AddThingToThingGroup, iot.UpdateThingGroupsForThing) {
			steps = append(steps, leaveGroup(a, d, group))
		}
	}
	return steps
}

// orAbsent takes "not found" for success: what is not there is removed.
func orAbsent(do func(*call.Caller) (call.Result, error)) func(*call.Caller) (call.Result, error) {
	return func(c *call.Caller) (call.Result, error) {
		result, err := do(c)
		if iot.ClassOf(err) == iot.ClassNotFound {
			err = nil
		}
		return result, err
	}
}

func detachPolicy(a *Account, d *Device, policy string) Step {
	return Step{
		Operation: iot.DetachPolicy, Effect: Ensures, Resources: []string{policy},
		Parameters: map[string]any{"policyName": policy, "target": d.CertificateARN},
		Do: orAbsent(once(iot.DetachPolicy, func(ctx context.Context) error {
			return a.AWS.Removals.DetachPolicy(ctx, policy, d.CertificateARN)
		})),
	}
}

func detachThing(a *Account, arn, thing string) Step {
	return Step{
		Operation: iot.DetachThingPrincipal, Effect: Ensures, Parameters: map[string]any{"thingName": thing, "principal": arn},
		Do: orAbsent(once(iot.DetachThingPrincipal, func(ctx context.Context) error {
			return a.AWS.Removals.DetachThingPrincipal(ctx, thing, arn)
		})),
	}
}

func leaveGroup(a *Account, d *Device, group string) Step {
	thing := d.Thing.Name
	return Step{
		Operation: iot.RemoveThingFromThingGroup, Effect: Ensures, Resources: []string{group},
		Parameters: map[string]any{"thingName": thing, "thingGroupName": group},
		Do: orAbsent(once(iot.RemoveThingFromThingGroup, func(ctx context.Context) error {
			return a.AWS.Removals.RemoveThingFromThingGroup(ctx, group, thing)
		})),
	}
}

func deleteCertificate(a *Account, d *Device) Step {
	return Step{
		Operation: iot.DeleteCertificate, Effect: Ensures, Parameters: map[string]any{"certificateId": d.CertificateID},
		Do: orAbsent(func(c *call.Caller) (call.Result, error) {
			return c.DoUntilFree(iot.DeleteCertificate, func(ctx context.Context) error {
				return a.AWS.Removals.DeleteCertificate(ctx, d.CertificateID)
			})
		}),
	}
}

func deleteThing(a *Account, d *Device, version int64) Step {
	return Step{
		Operation: iot.DeleteThing, Effect: Ensures, Parameters: map[string]any{"thingName": d.Thing.Name, "expectedVersion": version},
		Do: orAbsent(func(c *call.Caller) (call.Result, error) {
			return c.DoUntilFree(iot.DeleteThing, func(ctx context.Context) error {
				return a.AWS.Removals.DeleteThing(ctx, d.Thing.Name, version)
			})
		}),
	}
}
