package decode

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/thingpress/thingpress/internal/engine"
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
	devices  []outgoing
	bytes    int
	rejected []ledger.Record
	// asked is what the entries of devices ask for, also of those that are left out.
	asked []ledger.Asked
	// passed counts the entries that are left out because they have an outcome, reopened
	// those whose outcome was taken back.
	passed, reopened int
	until            pass
}

// An outgoing is the message of an entry.
type outgoing struct {
	entry   int
	message stack.Message
}

// size returns the number of entries that are neither sent nor left out yet.
func (s *stretch) size() int { return len(s.devices) + len(s.rejected) }

// add adds an entry. Shared is what entries of the manifest share, if that is known.
func (s *stretch) add(importID string, e *entry, shared *stack.Shared) error {
	s.until.count(e)
	now := time.Now()
	if r := e.rejected; r != nil {
		s.rejected = append(s.rejected, ledger.Record{
			Place: ledger.Place{Entry: r.Entry}, Line: r.Line, Outcome: ledger.Rejected,
			ID: r.ID, Reason: string(r.Reason), Detail: manifest.InMember(r.Member, r.Detail()), At: now,
		})
		return nil
	}
	asked, err := engine.RowText(e.device.Settings)
	if err != nil {
		return fmt.Errorf("what entry %d asks for: %w", e.device.Entry, err)
	}
	if asked != "" {
		s.asked = append(s.asked, ledger.Asked{Place: ledger.Place{Entry: e.device.Entry}, Settings: asked})
	}
	device := stack.NewDeviceMessage(importID, &e.device, e.attributes, now)
	device.Alone = shared != nil && !shared.Has(&e.device)
	message := device.Message(0)
	s.devices = append(s.devices, outgoing{e.device.Entry, message})
	s.bytes += len(message.Body)
	return nil
}

// leaveOut leaves out entries.
func (s *stretch) leaveOut(settled func(entry int) bool) {
	before := s.size()
	s.devices = slices.DeleteFunc(s.devices, func(o outgoing) bool { return settled(o.entry) })
	s.rejected = slices.DeleteFunc(s.rejected, func(r ledger.Record) bool { return settled(r.Entry) })
	s.passed = before - s.size()
}

// flush makes a stretch durable, then adds it to the progress. It returns the number of
// entries that it sent or recorded.
func (w *worker) flush(ctx context.Context, s *stretch) (sent int, err error) {
	if w.progress.Again && s.size() > 0 {
		if err := w.reopenSettled(ctx, s); err != nil {
			return 0, fmt.Errorf("leave out what has an outcome before entry %d: %w", s.until.Entries, err)
		}
	}
	if len(s.asked) > 0 {
		if err := w.h.Asked.KeepSettings(ctx, w.job.Import, s.asked); err != nil {
			return 0, err
		}
	}
	if len(s.devices) > 0 {
		messages := make([]stack.Message, len(s.devices))
		for i := range s.devices {
			messages[i] = s.devices[i].message
		}
		if err := w.h.Devices.Send(ctx, messages); err != nil {
			return 0, fmt.Errorf("send devices before entry %d: %w", s.until.Entries, err)
		}
	}
	if len(s.rejected) > 0 {
		journal, err := w.h.Ledger.Resume(ctx, w.job.Import)
		if err != nil {
			return 0, fmt.Errorf("record rejected entries: %w", err)
		}
		if err := journal.Record(ctx, s.rejected); err != nil {
			return 0, fmt.Errorf("record rejected entries: %w", err)
		}
		w.h.Rejected(len(s.rejected))
	}
	sent = s.size()
	w.progress.Send = s.until.clone()
	w.progress.Passed += s.passed
	w.progress.Base -= s.reopened
	clear(s.devices)
	*s = stretch{devices: s.devices[:0], rejected: s.rejected[:0], asked: s.asked[:0], until: s.until}
	return sent, nil
}
