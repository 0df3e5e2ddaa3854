package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// A task is one device that goes on to AWS.
type task struct {
	number int // among all entries
	place  ledger.Place
	device manifest.Device
	thing  iot.Thing      // that the device is to become
	wanted *device.Wanted // of the device, nil if it is that of the import
	order  int            // in which the devices of the run were begun
	// marked is the mark of an earlier run; recorded reports whether one
	// recorded that it registered the certificate.
	marked   time.Time
	recorded bool
	// subject is what an import recorded of the device, in a later command over imports; else nil.
	subject *Subject
	variant *Variant // of wanted, in a fleet
}

// unrecorded reports whether the ledger has a mark of the device and no outcome.
func (t *task) unrecorded() bool {
	return t.subject != nil && t.subject.Record.Outcome == "" && !t.subject.Marked.IsZero()
}

// recordOf returns the record of an entry with an outcome that was decided now.
func recordOf(place ledger.Place, d *manifest.Device, outcome ledger.Outcome) ledger.Record {
	return ledger.Record{
		Place: place, Line: d.Line, Outcome: outcome,
		ID: d.ID, ThingName: d.ThingName, CertificateID: d.CertificateID,
		At: time.Now(),
	}
}

// detailOf returns an error about a device for its record, with the file in a container that has its entry.
func detailOf(t *task, err error) string { return manifest.InMember(t.device.Member, err.Error()) }

// refusedRecord returns the record of an entry that never reaches AWS.
func refusedRecord(place ledger.Place, d *manifest.Device, rejected *manifest.EntryError, v Verdict) ledger.Record {
	record := recordOf(place, d, v.Outcome)
	file := d.Member
	if rejected != nil {
		record.Line, record.ID, file = rejected.Line, rejected.ID, rejected.Member
	}
	record.Reason, record.Detail = string(v.Reason), manifest.InMember(file, v.Detail)
	return record
}

// A secondPass reads the manifests of a scan again and judges every entry in the
// same way.
type secondPass struct {
	sources  []*Source
	scan     *ScanResult
	settings Settings
	// open reports whether an entry still needs an outcome.
	open func(number int) bool
	// refuse receives the records of entries that never reach AWS.
	refuse func(number int, record ledger.Record)
}

// everyDevice returns a second pass over all devices, which records nothing.
func everyDevice(sources []*Source, scan *ScanResult, settings Settings) secondPass {
	return secondPass{
		sources: sources, scan: scan, settings: settings,
		open: func(int) bool { return true }, refuse: func(int, ledger.Record) {},
	}
}

// tasks yields the devices of open entries. It yields an error last if a
// manifest changed since the scan; if ctx ends it ends without an error.
func (p secondPass) tasks(ctx context.Context) iter.Seq2[*task, error] {
	return func(yield func(*task, error) bool) {
		for m, source := range p.sources {
			more, err := p.readManifest(ctx, m, source, yield)
			source.blocks.drop()
			if err != nil && ctx.Err() == nil {
				yield(nil, err)
				return
			}
			if !more || ctx.Err() != nil {
				return
			}
		}
	}
}

func (p secondPass) readManifest(ctx context.Context, m int, source *Source, yield func(*task, error) bool) (more bool, err error) {
	first, entries := p.scan.judge.layout.first[m], p.scan.judge.layout.entries(m)
	entry := 0
	for entry < entries && !p.open(first+entry) {
		entry++
	}
	if entry == entries {
		return true, nil
	}
	options := p.settings.Decode
	options.Now = p.scan.now
	options.Start = p.scan.stop(m, entry)
	entry = options.Start.Entry
	for device, err := range source.Decoder.Decode(ctx, source.Input, options) {
		if changed := source.blocks.difference(); changed != nil {
			return false, changed
		}
		if ctx.Err() != nil {
			return false, nil
		}
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			if rejected = p.expectedBreak(first, entry, entries, err); rejected == nil {
				return false, err
			}
		}
		if entry >= entries {
			break
		}
		place := ledger.Place{Manifest: m, Entry: entry}
		entry++
		if !p.open(first + place.Entry) {
			continue
		}
		t, err := p.judgeEntry(first+place.Entry, place, &device, rejected)
		if err != nil {
			return false, err
		}
		if t != nil && !yield(t, nil) {
			return false, nil
		}
	}
	if entry != entries && ctx.Err() == nil {
		return false, &manifest.FileError{
			Vendor: source.Decoder.Vendor(), Manifest: source.Input.Name, Reason: manifest.ReasonChanged,
			Err: fmt.Errorf("it had %d entries when it was first read, and has %d now", entries, entry),
		}
	}
	return true, nil
}

// expectedBreak returns the rejected entry that the scan counted for the break
// of a partial import; nil if err is another error.
func (p secondPass) expectedBreak(first, entry, entries int, err error) *manifest.EntryError {
	var broken *manifest.FileError
	if !p.settings.Partial || !errors.As(err, &broken) || entry != entries-1 || !p.scan.rejected.has(first+entry) {
		return nil
	}
	return breakEntry(broken)
}

// judgeEntry returns the task of an entry that goes on to AWS, and nil for any other entry.
func (p secondPass) judgeEntry(number int, place ledger.Place, d *manifest.Device, rejected *manifest.EntryError) (*task, error) {
	v, err := p.scan.judge.Again(number, d, rejected)
	if err != nil {
		return nil, err
	}
	if v.Outcome == "" {
		return &task{number: number, place: place, device: *d, thing: v.Thing, wanted: v.Wanted}, nil
	}
	p.refuse(number, refusedRecord(place, d, rejected, v))
	return nil, nil //nolint:nilnil // an entry without a task
}
