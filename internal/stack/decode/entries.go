package decode

import (
	"context"
	"errors"
	"iter"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// An entry is one entry of a manifest as both passes see it.
type entry struct {
	device manifest.Device
	// attributes are those of the device's thing.
	attributes map[string]string
	// rejected is why there is no device; nil if there is one.
	rejected *manifest.EntryError
}

// entries yields the entries of a manifest from the position of a pass on. It stops
// after an error: errDeadline, a *stopError or a fault.
func (w *worker) entries(src *source, from *pass) iter.Seq2[entry, error] {
	o := w.options(from)
	return func(yield func(entry, error) bool) {
		for device, err := range src.decoder.Decode(w.soft, src.input, o) {
			e := entry{device: device}
			if err != nil && !errors.As(err, &e.rejected) {
				yield(e, w.classify(err))
				return
			}
			if e.rejected == nil {
				e.attributes, e.rejected, err = w.fillAttributes(&device)
				if err != nil {
					yield(e, w.classify(err))
					return
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// options returns the options with which both passes decode.
func (w *worker) options(from *pass) manifest.Options {
	o := w.settings.Decode
	o.TempDir, o.Start = w.h.TempDir, from.start()
	return o
}

// fillAttributes returns the attributes of a device's thing, or why its entry is rejected. The error is a
// *stopError or a fault.
func (w *worker) fillAttributes(d *manifest.Device) (attributes map[string]string, rejected *manifest.EntryError, _ error) {
	if w.variants == nil {
		w.variants = newVariants(w)
	}
	thing, err := w.variants.thing(d)
	if w.variants.failed != nil {
		return nil, nil, w.variants.failed
	}
	if err != nil {
		return nil, &manifest.EntryError{
			Vendor: d.Vendor, Manifest: d.Manifest, Member: d.Member, Entry: d.Entry, Line: d.Line, End: d.End, ID: d.ID,
			Reason: manifest.ReasonOf(err), Err: err,
		}, nil
	}
	return thing.Attributes, nil, nil
}

// checkEntries is the first pass: it decodes and counts, and sends nothing. At its
// end it begins the import in the ledger.
func (w *worker) checkEntries(ctx context.Context) error {
	src, err := w.openManifest(ctx)
	if err != nil {
		return err
	}
	defer src.close()
	p := &w.progress.Check
	var census *stack.Census // of all entries, or none
	if p.Entries == 0 {
		census = openCensus()
	}
	for e, err := range w.entries(src, p) {
		if err != nil {
			return err
		}
		if e.rejected == nil && e.device.IsTestMaterial() && !w.h.Stack.AllowTestMaterial {
			return stopf("entry %d was made by thingpress generate, from a seed that others may know; if anyone may connect as these devices, run: "+
				"thingpress stack deploy --parameter AllowTestMaterial=true", e.device.Entry)
		}
		p.count(&e)
		if census != nil && e.rejected == nil {
			census.Add(&e.device)
		}
		if p.Entries%w.h.every == 0 {
			if err := w.checkpoint(ctx); err != nil {
				return err
			}
		}
	}
	w.progress.Checked, w.progress.Shared = true, nil
	if census != nil {
		w.progress.Shared = census.Shared()
	}
	return w.beginImport(ctx)
}
