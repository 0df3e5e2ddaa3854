package decode

import (
	"context"
	"errors"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

// sendEntries is the second pass: it sends devices and records rejected entries. Its
// error is errFull if enough of them are in flight.
func (w *worker) sendEntries(ctx context.Context) error {
	if w.progress.Fed.early(time.Now()) {
		return errEarly
	}
	r, err := w.measureRoom(ctx)
	if err != nil {
		return err
	}
	free := r.free()
	if free <= 0 {
		return errFull
	}
	src, err := w.openManifest(ctx)
	if err != nil {
		return err
	}
	defer src.close()
	s := &stretch{until: w.progress.Send.clone()}
	for e, err := range w.entries(src, &w.progress.Send) {
		if errors.Is(err, errDeadline) {
			// What was decoded before the deadline need not be decoded again.
			if _, failed := w.flush(ctx, s); failed != nil {
				return failed
			}
		}
		if err != nil {
			return err
		}
		if s.until.Entries == w.progress.Check.Entries {
			return w.changed(&s.until)
		}
		if err := s.add(w.job.Import, &e, w.progress.Shared); err != nil {
			return err
		}
		if s.until.Entries%w.h.every != 0 && s.bytes < stretchBytes && s.size() < free {
			continue
		}
		sent, err := w.flush(ctx, s)
		if err != nil {
			return err
		}
		if err := w.checkpoint(ctx); err != nil {
			return err
		}
		if free -= sent; free <= 0 && s.until.Entries < w.progress.Check.Entries {
			return errFull
		}
	}
	if !s.until.equal(&w.progress.Check) {
		return w.changed(&s.until)
	}
	_, err = w.flush(ctx, s)
	return err
}

// changed returns the error for a second pass that does not see the entries of the
// first one.
func (w *worker) changed(second *pass) error {
	first := &w.progress.Check
	return &stopError{manifest.Errorf(manifest.ReasonChanged,
		"%s: the first pass read %d entries, %d of them rejected; the second pass read %d so far, %d of them rejected",
		w.job.Upload.Key, first.Entries, first.rejected(), second.Entries, second.rejected())}
}
