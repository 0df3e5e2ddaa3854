package after

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// An overlap knows which certificates and things several imports of one ledger have in common. With a
// single import in the ledger it is empty. It takes about 100 bytes per entry.
type overlap struct {
	// single is set if one import is undone; baseline if all of them listed the things first.
	single, baseline bool

	seed          maphash.Seed
	certs, things map[uint64]owner
	// ids are other imports, and others how many entries each of them counts on.
	ids    []string
	others map[string]int
}

// An owner is what the imports that are undone recorded of one certificate or thing.
type owner struct {
	last  ledger.Place // of its last entry, whose program removes it
	at    time.Time    // of the last record
	steps *[]ledger.Step
	later int // other import that found it later, from 1; 0 for none
}

// findOverlap compares the imports of a session with each other, and with the other imports in the ledger.
func findOverlap(ctx context.Context, s *Session) (*overlap, error) {
	o := &overlap{single: len(s.Imports) == 1, baseline: true, seed: maphash.MakeSeed(), others: map[string]int{}}
	for _, i := range s.Imports {
		o.baseline = o.baseline && !i.Baseline.IsZero()
	}
	others, err := otherImports(ctx, s)
	if err != nil || o.single && len(others) == 0 {
		return o, err
	}
	o.certs, o.things = map[uint64]owner{}, map[uint64]owner{}
	merged := map[string]*[]ledger.Step{}
	for subject, err := range imports.Subjects(ctx, s.Ledger, s.Imports) {
		if err != nil {
			return nil, err
		}
		if r := subject.Record; counts(r) {
			o.own(o.certs, o.certificate(r.CertificateID), subject, merged)
			o.own(o.things, o.name(r.ThingName), subject, merged)
		}
	}
	for _, other := range others {
		if err := o.compare(ctx, s, other); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// counts reports whether an import counts on what its record names.
func counts(r ledger.Record) bool {
	return r.Outcome == ledger.Imported || r.Outcome == ledger.Unchanged || len(r.Steps) > 0
}

func (o *overlap) certificate(id manifest.CertificateID) uint64 { return maphash.Bytes(o.seed, id[:]) }

func (o *overlap) name(name string) uint64 { return maphash.String(o.seed, name) }

// own adds an entry to the owner of a key. Equal lists of steps are kept once.
func (o *overlap) own(owners map[uint64]owner, key uint64, s *engine.Subject, merged map[string]*[]ledger.Step) {
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

// otherImports returns the imports of the ledger that went into the same target and are not undone now.
func otherImports(ctx context.Context, s *Session) (list []ledger.Import, err error) {
	for i, err := range s.Ledger.Imports(ctx) {
		if err != nil {
			return nil, err
		}
		ours := slices.ContainsFunc(s.Imports, func(other ledger.Import) bool { return other.ID == i.ID })
		if !ours && i.Target == s.Imports[0].Target {
			list = append(list, i)
		}
	}
	return list, nil
}

// compare finds what another import recorded later than the ones that are undone.
func (o *overlap) compare(ctx context.Context, s *Session, other ledger.Import) error {
	undone, err := undoneOf(ctx, s, other)
	if err != nil {
		return err
	}
	o.ids = append(o.ids, other.ID)
	for r, err := range s.Ledger.Records(ctx, other.ID) {
		if err != nil {
			return err
		}
		if !counts(r) || undone[r.Place] {
			continue
		}
		certificate := mark(o.certs, o.certificate(r.CertificateID), r.At, len(o.ids))
		thing := mark(o.things, o.name(r.ThingName), r.At, len(o.ids))
		if certificate || thing {
			o.others[other.ID]++
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
func undoneOf(ctx context.Context, s *Session, i ledger.Import) (map[ledger.Place]bool, error) {
	undone := map[ledger.Place]bool{}
	for command, err := range s.Ledger.LaterCommands(ctx, i.ID) {
		if err != nil {
			return nil, err
		}
		if command.Verb != verbUndo || strings.Contains(command.Settings, deactivateOnly) {
			continue
		}
		first := 0
		for _, id := range command.Of {
			if id == i.ID {
				break
			}
			before, err := s.Ledger.Import(ctx, id)
			if err != nil {
				return nil, err
			}
			first += len(before.Manifests)
		}
		for r, err := range s.Ledger.Records(ctx, command.ID) {
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

// adjust sets the outcome of an entry that is left to a later one of the same device, or of which it is
// not known what the import did.
func (o *overlap) adjust(s *engine.Subject) {
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

// undone returns what is to be undone for an entry.
func (o *overlap) undone(s *engine.Subject) device.Undone {
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

func (o *overlap) id(n int) string {
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

// created reports whether steps created something by an operation.
func created(steps []ledger.Step, op iot.Operation) bool {
	return slices.ContainsFunc(steps, func(s ledger.Step) bool { return s.Created && s.Operation == string(op) })
}
