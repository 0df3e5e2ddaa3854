package engine

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A Fleet is a set of devices that commands work on after an import. Its devices can be read as often
// as needed. It takes about 48 bytes of memory per entry.
type Fleet struct {
	// Devices is the number of devices.
	Devices int
	// Settings are what was wanted of the devices.
	Settings Settings
	// Uncheckable are the attributes that are not among the Settings, because their values
	// depend on data that only the manifests have.
	Uncheckable []string

	subjects Subjects // of FleetOfSubjects

	entries  int // all numbers are below
	index    *Index
	variants *variants
	tasks    func(context.Context) iter.Seq2[*task, error]
}

// FleetOfScan returns the devices of manifests.
func FleetOfScan(sources []*Source, scan *ScanResult, settings Settings) *Fleet {
	return &Fleet{
		Devices: scan.Devices, Settings: settings,
		entries: scan.Entries, index: scan.judge.index, variants: scan.judge.variants, tasks: everyDevice(sources, scan, settings).tasks,
	}
}

// Subjects are the devices of imports as a ledger has them.
type Subjects struct {
	// Manifests are those of the imports one after the other.
	Manifests []ledger.Manifest
	// All yields every entry once. It may be called several times.
	All func(context.Context) iter.Seq2[*Subject, error]
	// Identity returns the name of the attribute that has the vendor's ID in manifests of a vendor.
	Identity func(vendor string) string
}

// FleetOfSubjects returns the devices of subjects that have no outcome: those that were imported, found
// unchanged or failed, and those that were in flight when their import ended. Settings are those of the
// imports.
func FleetOfSubjects(ctx context.Context, subjects Subjects, settings Settings) (*Fleet, error) {
	f := &Fleet{Settings: settings, subjects: subjects, index: NewIndex()}
	f.Settings.Attachments.Attributes = nil
	for _, a := range settings.Attachments.Attributes {
		if subjects.canFill(a.Value) {
			f.Settings.Attachments.Attributes = append(f.Settings.Attachments.Attributes, a)
		} else {
			f.Uncheckable = append(f.Uncheckable, a.Name)
		}
	}
	f.variants = newVariants(f.Settings)
	f.tasks = func(ctx context.Context) iter.Seq2[*task, error] { return subjects.tasks(ctx, f.variants) }
	own := map[string]bool{}
	for t, err := range f.tasks(ctx) {
		if err != nil {
			return nil, err
		}
		f.index.Add(&t.device)
		f.Devices++
		if t.variant != nil {
			t.variant.Devices++
		}
		for name := range ownAttributes(t.subject) {
			own[name] = true
		}
	}
	f.entries = f.Devices
	for _, name := range f.Uncheckable {
		own[name] = true
	}
	f.Uncheckable = slices.Sorted(maps.Keys(own))
	return f, nil
}

// ownAttributes returns the attributes that the entry of a subject gave its device. The ledger has their names.
func ownAttributes(s *Subject) map[string]string {
	if s.Settings == nil {
		return nil
	}
	return s.Settings.Attributes
}

// canFill reports whether a ledger has all data for a template.
func (s Subjects) canFill(t manifest.Template) bool {
	if t.UsesColumns() {
		return false
	}
	for _, field := range manifest.TemplateFields() {
		unknown := field != "id" && slices.ContainsFunc(s.Manifests, func(m ledger.Manifest) bool { return s.Identity(m.Vendor) != field })
		if t.Uses(field) && unknown {
			return false
		}
	}
	return true
}

// tasks yields the devices as tasks.
func (s Subjects) tasks(ctx context.Context, v *variants) iter.Seq2[*task, error] {
	return func(yield func(*task, error) bool) {
		number := 0
		for subject, err := range s.All(ctx) {
			if err == nil && (subject.Outcome != "" || subject.Record.Outcome == "" && subject.Marked.IsZero()) {
				continue
			}
			var t *task
			if err == nil {
				t, err = s.task(subject, v)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			t.number = number
			number++
			if !yield(t, nil) {
				return
			}
		}
	}
}

// Mend returns the program that makes what devices lack, for those whose certificate IDs are in
// drifted. It fails a device that still differs afterwards. See [device.Verifier.Mend].
func (f *Fleet) Mend(drifted map[string]bool) Program {
	var begin sync.Once
	var verifier *device.Verifier
	return func(a *device.Account, d *device.Device, s *Subject, do device.Stage) error {
		begin.Do(func() { verifier = device.NewVerifier(a) })
		id := d.CertificateID
		if s != nil {
			id = s.Record.CertificateID.String() // AWS's answer may have another one, as moto's does
		}
		if !drifted[id] {
			return nil
		}
		if s != nil {
			t, err := f.subjects.task(s, f.variants)
			if err != nil {
				return &device.FailedError{Reason: manifest.ReasonOf(err), Err: err}
			}
			d.Thing, d.Wanted = t.thing, t.wanted
		}
		left, err := verifier.Mend(d, do)
		if err != nil || len(left) == 0 {
			return err
		}
		details := make([]string, len(left))
		for i, drift := range left {
			details[i] = drift.Detail
		}
		return &device.FailedError{Reason: left[0].Reason, Err: errors.New(strings.Join(details, "; "))}
	}
}

// task returns the device of a subject as a task without a number.
func (s Subjects) task(subject *Subject, v *variants) (*task, error) {
	from := s.Manifests[subject.Manifest]
	t := &task{place: subject.Place, device: subject.Device(), subject: subject}
	t.device.Manifest, t.device.Vendor = from.Name, from.Vendor
	t.device.Attributes = map[string]string{s.Identity(from.Vendor): t.device.ID}
	var err error
	if t.wanted, t.variant, err = v.of(&t.device); err != nil {
		return nil, err
	}
	wanted := v.wanted
	if t.wanted != nil {
		wanted = *t.wanted
	}
	if own := ownAttributes(subject); len(own) > 0 {
		t.wanted = &wanted
		wanted.Attachments.Attributes = slices.DeleteFunc(slices.Clone(wanted.Attachments.Attributes), func(a device.Attribute) bool {
			_, given := own[a.Name]
			return given || wanted.Rows == device.RowsReplace
		})
	}
	attachments := wanted.Attachments
	if t.unrecorded() {
		attachments.Attributes = nil // a mark does not have what they are filled with
	}
	t.thing, err = attachments.Thing(&t.device)
	return t, err
}
