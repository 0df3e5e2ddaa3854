package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// stretchBytes is the maximum size of the messages that are sent together. It bounds
// the memory if certificates are large.
const stretchBytes = 4 << 20

// A stretch is the part of the second pass between two checkpoints. It counts only
// once all of it is in the queue and the ledger.
type stretch struct {
	messages []stack.Message
	bytes    int
	rejected []ledger.Record
	until    pass
}

// sendEntries is the second pass: it sends devices and records rejected entries.
func (w *worker) sendEntries(ctx context.Context) error {
	src, err := w.openManifest(ctx)
	if err != nil {
		return err
	}
	defer src.close()
	s := &stretch{until: w.progress.Send.clone()}
	for e, err := range w.entries(src, &w.progress.Send) {
		if errors.Is(err, errDeadline) {
			// What was decoded before the deadline need not be decoded again.
			if failed := w.flush(ctx, s); failed != nil {
				return failed
			}
		}
		if err != nil {
			return err
		}
		if s.until.Entries == w.progress.Check.Entries {
			return w.changed(&s.until)
		}
		s.add(w.job.Import, &e)
		if s.until.Entries%w.h.every == 0 || s.bytes >= stretchBytes {
			if err := w.flush(ctx, s); err != nil {
				return err
			}
			if err := w.save(ctx); err != nil {
				return err
			}
		}
	}
	if !s.until.equal(&w.progress.Check) {
		return w.changed(&s.until)
	}
	return w.flush(ctx, s)
}

// changed returns the error for a second pass that does not see the entries of the
// first one.
func (w *worker) changed(second *pass) error {
	first := &w.progress.Check
	return &stopError{manifest.Errorf(manifest.ReasonChanged,
		"%s: the first pass read %d entries, %d of them rejected; the second pass read %d so far, %d of them rejected",
		w.job.Upload.Key, first.Entries, first.rejected(), second.Entries, second.rejected())}
}

// add adds an entry.
func (s *stretch) add(importID string, e *entry) {
	s.until.count(e)
	now := time.Now()
	if r := e.rejected; r != nil {
		s.rejected = append(s.rejected, ledger.Record{
			Place: ledger.Place{Entry: r.Entry}, Line: r.Line, Outcome: ledger.Rejected,
			ID: r.ID, Reason: string(r.Reason), Detail: r.Detail(), At: now,
		})
		return
	}
	message := stack.NewDeviceMessage(importID, &e.device, e.attributes, now).Message(0)
	s.messages = append(s.messages, message)
	s.bytes += len(message.Body)
}

// flush makes a stretch durable, then adds it to the progress.
func (w *worker) flush(ctx context.Context, s *stretch) error {
	if len(s.messages) > 0 {
		if err := w.h.Devices.Send(ctx, s.messages); err != nil {
			return fmt.Errorf("send devices before entry %d: %w", s.until.Entries, err)
		}
	}
	if len(s.rejected) > 0 {
		journal, err := w.h.Ledger.Resume(ctx, w.job.Import)
		if err != nil {
			return fmt.Errorf("record rejected entries: %w", err)
		}
		if err := journal.Record(ctx, s.rejected); err != nil {
			return fmt.Errorf("record rejected entries: %w", err)
		}
		w.h.Rejected(len(s.rejected))
	}
	w.progress.Send = s.until.clone()
	clear(s.messages)
	s.messages, s.rejected, s.bytes = s.messages[:0], s.rejected[:0], 0
	return nil
}
