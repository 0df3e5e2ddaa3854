package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// feed is the second pass over the manifests: it judges every entry as the
// scan did, records those that never reach AWS, and sends on the others.
func (r *run) feed(tasks chan<- *task) {
	defer close(tasks)
	for m, source := range r.Sources {
		err := r.feedManifest(m, source, tasks)
		source.blocks.drop()
		if r.begin.Err() != nil {
			return
		}
		if err != nil {
			r.halt(&StopError{Cause: err, Hint: "import the manifest as it is now; what was imported stays"})
			return
		}
	}
}

func (r *run) feedManifest(m int, source *Source, tasks chan<- *task) error {
	entries := r.Scan.Manifests[m].Entries
	first := r.Scan.first[m]
	entry := r.firstOpen(first, entries)
	if entry == entries {
		return nil
	}
	options := r.Settings.Decode
	options.Start = r.Scan.stop(m, entry)
	entry = options.Start.Entry
	for device, err := range source.Decoder.Decode(r.begin, source.Input, options) {
		if changed := source.blocks.difference(); changed != nil {
			return changed
		}
		if r.begin.Err() != nil {
			return nil
		}
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			if rejected = r.expectedBreak(m, entry, err); rejected == nil {
				return err
			}
		}
		if entry >= entries {
			break
		}
		place := ledger.Place{Manifest: m, Entry: entry}
		entry++
		if !r.open(first + place.Entry) {
			continue
		}
		if err := r.feedEntry(place, &device, rejected, tasks); err != nil {
			return err
		}
	}
	if entry != entries && r.begin.Err() == nil {
		return r.changed(m, fmt.Errorf("it had %d entries when it was first read, and has %d now", entries, entry))
	}
	return nil
}

// open says whether an entry has still to be dealt with. A rejected entry is
// judged again by the scan, so a rejection that it repeats stands.
func (r *run) open(number int) bool {
	outcome := r.book.outcome(number)
	return !outcome.Stands() && (outcome != ledger.Rejected || !r.Scan.rejected.has(number))
}

// firstOpen returns the first entry of a manifest that is open.
func (r *run) firstOpen(first, entries int) int {
	entry := 0
	for entry < entries && !r.open(first+entry) {
		entry++
	}
	return entry
}

// expectedBreak turns the break of a partial import into the rejected entry as
// which the scan counted it.
func (r *run) expectedBreak(m, entry int, err error) *manifest.EntryError {
	var broken *manifest.FileError
	last := r.Scan.Manifests[m].Entries - 1
	if !r.Settings.Partial || !errors.As(err, &broken) || entry != last || !r.Scan.rejected.has(r.Scan.first[m]+last) {
		return nil
	}
	return &manifest.EntryError{
		Vendor: broken.Vendor, Manifest: broken.Manifest, Entry: entry, Line: broken.Line,
		Reason: broken.Reason, Err: fmt.Errorf("the manifest cannot be read any further: %w", broken.Err),
	}
}

func (r *run) changed(m int, err error) error {
	return &manifest.FileError{
		Vendor: r.Scan.Manifests[m].Vendor, Manifest: r.Scan.Manifests[m].Name, Reason: manifest.ReasonChanged, Err: err,
	}
}

// feedEntry judges one entry.
func (r *run) feedEntry(place ledger.Place, device *manifest.Device, rejected *manifest.EntryError, tasks chan<- *task) error {
	t := &task{number: r.Scan.first[place.Manifest] + place.Entry, place: place, device: *device}
	if rejected != nil {
		t.device.Line, t.device.ID = rejected.Line, rejected.ID
		r.refuse(t, rejected.Reason, rejected.Detail())
		return nil
	}
	if r.Settings.leavesOut(device) {
		r.leave(t, ReasonFiltered, "left out by --only or --skip")
		return nil
	}
	attributes, err := r.Settings.Attachments.attributesOf(device)
	if err != nil {
		r.refuse(t, manifest.ReasonOf(err), err.Error())
		return nil
	}
	verdict, earlier := r.Scan.index.verdict(device, t.number)
	switch verdict {
	case Contradictory:
		r.refuse(t, manifest.ReasonContradiction, "an earlier entry has the same certificate or the same thing name, but not both: "+r.name(earlier))
		return nil
	case Repeated:
		r.leave(t, ReasonRepeated, "the same certificate and thing name as "+r.name(earlier))
		return nil
	case Unknown:
		return r.changed(place.Manifest, fmt.Errorf("entry %d is not the device that was there when it was first read", place.Entry))
	}
	a := r.Settings.Attachments
	t.thing = iot.Thing{Name: device.ThingName, Type: a.ThingType, BillingGroup: a.BillingGroup, Attributes: attributes}
	t.marked, t.created = r.book.earlier(t.number)
	select {
	case tasks <- t:
	case <-r.begin.Done():
	}
	return nil
}

func (r *run) name(number int) string {
	place := r.Scan.place(number)
	return fmt.Sprintf("entry %d of %s", place.Entry, r.Scan.Manifests[place.Manifest].Name)
}

func (r *run) refuse(t *task, reason manifest.Reason, detail string) {
	record := t.record(ledger.Rejected)
	record.Reason, record.Detail = string(reason), detail
	r.book.add(entryRecord{number: t.number, record: record, order: -1})
}

func (r *run) leave(t *task, reason manifest.Reason, detail string) {
	record := t.record(ledger.Skipped)
	record.Reason, record.Detail = string(reason), detail
	r.book.add(entryRecord{number: t.number, record: record, order: -1})
}

// leadLeast and leadMost bound how many devices are marked ahead of their first call.
const (
	leadLeast = 16
	leadMost  = 256
	// leadTime is how long ahead.
	leadTime = time.Second
)
