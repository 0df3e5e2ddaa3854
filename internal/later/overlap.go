package later

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
)

// VerbUndo is the verb of an undo in the ledger. DeactivateOnly is its setting if it only deactivates
// certificates.
const (
	VerbUndo       = "undo"
	DeactivateOnly = "deactivate-only"
)

// An Overlap knows which certificates and things several imports of one ledger have in common. With a
// single import in the ledger it is empty. It takes about 100 bytes per entry.
type Overlap struct {
	// single is set if one import is undone; baseline if all of them listed the things first.
	single, baseline bool

	seed          maphash.Seed
	certs, things map[uint64]owner
	ids           []string // of other imports
	// Others is how many entries other imports count on, by their IDs.
	Others map[string]int
}

// An owner is what the imports that are undone recorded of one certificate or thing.
type owner struct {
	last  ledger.Place // of its last entry, whose program removes it
	at    time.Time    // of the last record
	steps *[]ledger.Step
	later int // other import that found it later, from 1; 0 for none
}

// FindOverlap compares imports that are to be undone with each other, and with the other imports in the
// ledger. They must have one target.
func FindOverlap(ctx context.Context, reader Reader, undone []ledger.Import) (*Overlap, error) {
	o := &Overlap{single: len(undone) == 1, baseline: true, seed: maphash.MakeSeed(), Others: map[string]int{}}
	for _, i := range undone {
		o.baseline = o.baseline && !i.Baseline.IsZero()
	}
	others, err := otherImports(ctx, reader, undone)
	if err != nil || o.single && len(others) == 0 {
		return o, err
	}
	o.certs, o.things = map[uint64]owner{}, map[uint64]owner{}
	merged := map[string]*[]ledger.Step{}
	for subject, err := range Subjects(ctx, reader, undone) {
		if err != nil {
			return nil, err
		}
		if r := subject.Record; counts(r) {
			o.own(o.certs, o.certificate(r.CertificateID), subject, merged)
			o.own(o.things, o.name(r.ThingName), subject, merged)
		}
	}
	for _, other := range others {
		if err := o.compare(ctx, reader, other); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// counts reports whether an import counts on what its record names.
func counts(r ledger.Record) bool {
	return r.Outcome == ledger.Imported || r.Outcome == ledger.Unchanged || len(r.Steps) > 0
}

func (o *Overlap) certificate(id manifest.CertificateID) uint64 { return maphash.Bytes(o.seed, id[:]) }

func (o *Overlap) name(name string) uint64 { return maphash.String(o.seed, name) }

// own adds an entry to the owner of a key. Equal lists of steps are kept once.
func (o *Overlap) own(owners map[uint64]owner, key uint64, s *engine.Subject, merged map[string]*[]ledger.Step) {
	before := owners[key]
	steps := s.Record.Steps
	if before.steps != nil {
		steps = ledger.MergeSteps(*before.steps, steps)
	}
	var text strings.Builder
	for _, step := range steps {
		text.WriteString(step.Operation + "\x00" + step.Resource + "\x00")
		if step.Created {
			text.WriteString("created\x00")
		}
	}
	kept := merged[text.String()]
	if kept == nil {
		kept = &steps
		merged[text.String()] = kept
	}
	owners[key] = owner{last: s.Place, at: s.Record.At, steps: kept}
}

// otherImports returns the imports of the ledger that went into the same target and are not undone now. It
// leaves out those that ended before the first of these began, which found nothing of them.
func otherImports(ctx context.Context, reader Reader, undone []ledger.Import) (list []ledger.Import, err error) {
	first := undone[0].Begun
	for _, i := range undone {
		if i.Begun.Before(first) {
			first = i.Begun
		}
	}
	for i, err := range reader.Imports(ctx) {
		if err != nil {
			return nil, err
		}
		ours := slices.ContainsFunc(undone, func(other ledger.Import) bool { return other.ID == i.ID })
		over := i.State == ledger.StateFinished || i.State == ledger.StateStopped
		earlier := over && !i.Ended.IsZero() && i.Ended.Before(first)
		if !ours && !earlier && i.Target == undone[0].Target {
			list = append(list, i)
		}
	}
	return list, nil
}

// compare finds what another import recorded later than the ones that are undone.
func (o *Overlap) compare(ctx context.Context, reader Reader, other ledger.Import) error {
	undone, err := undoneOf(ctx, reader, other)
	if err != nil {
		return err
	}
	o.ids = append(o.ids, other.ID)
	for r, err := range reader.Records(ctx, other.ID) {
		if err != nil {
			return err
		}
		if !counts(r) || undone[r.Place] {
			continue
		}
		certificate := mark(o.certs, o.certificate(r.CertificateID), r.At, len(o.ids))
		thing := mark(o.things, o.name(r.ThingName), r.At, len(o.ids))
		if certificate || thing {
			o.Others[other.ID]++
		}
	}
	return nil
}

func mark(owners map[uint64]owner, key uint64, at time.Time, other int) bool {
	found, ok := owners[key]
	if !ok || !at.After(found.at) {
		return false
	}
	found.later = other
	owners[key] = found
	return true
}

// undoneOf returns the entries of an import that were undone.
func undoneOf(ctx context.Context, reader Reader, i ledger.Import) (map[ledger.Place]bool, error) {
	undone := map[ledger.Place]bool{}
	for command, err := range reader.LaterCommands(ctx, i.ID) {
		if err != nil {
			return nil, err
		}
		if command.Verb != VerbUndo || strings.Contains(command.Settings, DeactivateOnly) {
			continue
		}
		first := 0
		for _, id := range command.Of {
			if id == i.ID {
				break
			}
			before, err := reader.Import(ctx, id)
			if err != nil {
				return nil, err
			}
			first += len(before.Manifests)
		}
		for r, err := range reader.Records(ctx, command.ID) {
			if err != nil {
				return nil, err
			}
			place := ledger.Place{Manifest: r.Manifest - first, Entry: r.Entry}
			if within := place.Manifest >= 0 && place.Manifest < len(i.Manifests); within && r.Outcome.Stands() && r.Outcome != ledger.Skipped {
				undone[place] = true
			}
		}
	}
	return undone, nil
}

// Adjust sets the outcome of an entry that is left to a later one of the same device, or of which it is
// not known what the import did.
func (o *Overlap) Adjust(s *engine.Subject) {
	r := s.Record
	registered := created(r.Steps, iot.RegisterCertificateWithoutCA)
	switch {
	case !s.Marked.IsZero() && r.Outcome == "", r.Reason == string(device.ReasonUnanswered) && !registered:
		s.Outcome, s.Reason = ledger.Kept, ReasonUnsure
		s.Detail = "the import did not record what it did for the device; resume it first"
	case !o.single && counts(r) && o.certs[o.certificate(r.CertificateID)].last != s.Place && o.things[o.name(r.ThingName)].last != s.Place:
		s.Outcome, s.Reason, s.Detail = ledger.Skipped, string(engine.ReasonRepeated), "a later entry is the same device"
	}
}

// Undone returns what is to be undone for an entry.
func (o *Overlap) Undone(s *engine.Subject) device.Undone {
	r := s.Record
	u := device.Undone{
		Steps: r.Steps, Baseline: o.baseline,
		OurCertificate: func(arn string) bool {
			_, text, _ := strings.Cut(arn, ":cert/")
			id, err := manifest.ParseCertificateID(text)
			_, ours := o.certs[o.certificate(id)]
			return err == nil && ours
		},
		OurThing: func(name string) bool { _, ours := o.things[o.name(name)]; return ours },
	}
	if o.certs == nil || !counts(r) {
		return u
	}
	certificate, thing := o.certs[o.certificate(r.CertificateID)], o.things[o.name(r.ThingName)]
	u.Steps = nil
	if certificate.last == s.Place {
		u.Steps = append(u.Steps, stepsOf(*certificate.steps, true)...)
	}
	if thing.last == s.Place {
		u.Steps = append(u.Steps, stepsOf(*thing.steps, false)...)
	}
	u.CertificateOf, u.ThingOf = o.id(certificate.later), o.id(thing.later)
	return u
}

func (o *Overlap) id(n int) string {
	if n == 0 {
		return ""
	}
	return o.ids[n-1]
}

// stepsOf returns the steps about the certificate, or those about the thing.
func stepsOf(steps []ledger.Step, certificate bool) (list []ledger.Step) {
	for _, step := range steps {
		switch iot.Operation(step.Operation) {
		case iot.RegisterCertificateWithoutCA, iot.UpdateCertificate, iot.AttachPolicy, iot.AttachThingPrincipal:
			if certificate {
				list = append(list, step)
			}
		default:
			if !certificate {
				list = append(list, step)
			}
		}
	}
	return list
}

// Program returns the program of an undo. With onlyStatus it deactivates certificates, and keeps everything.
func (o *Overlap) Program(onlyStatus bool) engine.Program {
	return func(a *device.Account, d *device.Device, s *engine.Subject, do device.Stage) error {
		u := o.Undone(s)
		if !onlyStatus {
			return device.Undo(a, d, u, do)
		}
		return device.UndoByStatus(a, d, u, do)
	}
}

// UndoCalls are the calls for one device that an import with these settings created. The four operations
// that read who is attached to whom share the work.
func UndoCalls(settings engine.Settings) quota.Calls {
	a := settings.Attachments
	calls := quota.Calls{
		iot.DescribeCertificate: 1, iot.ListAttachedPolicies: 1, iot.DescribeThing: 1,
		iot.ListPrincipalThings: 0.5, iot.ListPrincipalThingsV2: 0.5, iot.ListThingPrincipals: 0.5, iot.ListThingPrincipalsV2: 0.5,
		iot.DetachThingPrincipal: 1, iot.UpdateCertificate: 1, iot.DeleteCertificate: 1, iot.DeleteThing: 1,
	}
	if n := len(a.Policies); n > 0 {
		calls[iot.DetachPolicy] = float64(n)
	}
	if n := len(a.ThingGroups); n > 0 {
		calls[iot.RemoveThingFromThingGroup] = float64(n)
	}
	return calls
}

// created reports whether steps created something by an operation.
func created(steps []ledger.Step, op iot.Operation) bool {
	return slices.ContainsFunc(steps, func(s ledger.Step) bool { return s.Created && s.Operation == string(op) })
}
