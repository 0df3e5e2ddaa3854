package keep

import (
	"context"
	"errors"
	"iter"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// A rereading reads the manifest of the import again, because the ledger has no certificates.
type rereading struct {
	devices iter.Seq2[manifest.Device, error]
	end     func()
	// unreadable is why the manifest can no longer be read, failed the fault that ended reading.
	unreadable string
	failed     error
}

// reread opens the manifest if certificates are gone. Those that an undo deleted it takes from gone, because they stay
// deleted.
func (w *worker) reread(ctx context.Context, gone map[string]bool, from ledger.Place) (*rereading, error) {
	r := &rereading{end: func() {}}
	if len(gone) == 0 {
		return r, nil
	}
	reader := records{w.Ledger, map[string]ledger.Place{}}
	for command, err := range w.Ledger.LaterCommands(ctx, w.imports[0].ID) {
		if err != nil {
			return nil, w.faultOf(err)
		}
		reader.from[command.ID] = from
	}
	if err := later.LeaveDeleted(ctx, reader, w.imports[0].ID, gone); err != nil || len(gone) == 0 {
		return r, w.faultOf(err)
	}
	devices, end, err := w.Reread(ctx, w.jobs[0])
	var unreadable *stack.UnreadableError
	switch {
	case errors.As(err, &unreadable):
		r.unreadable = err.Error()
		w.log.WarnContext(ctx, "the manifest cannot be read again", "cause", err.Error())
		return r, nil
	case err != nil:
		return nil, w.faultOf(err)
	}
	r.devices, r.end = devices, end
	return r, nil
}

// fill yields the subjects, those whose certificates are gone with the certificates.
func (r *rereading) fill(subjects iter.Seq2[*engine.Subject, error], gone map[string]bool) iter.Seq2[*engine.Subject, error] {
	if r.devices == nil {
		return subjects
	}
	return later.WithCertificates(subjects, gone, []iter.Seq2[manifest.Device, error]{func(yield func(manifest.Device, error) bool) {
		for d, err := range r.devices {
			var entry *manifest.EntryError
			if err != nil && !errors.As(err, &entry) {
				r.failed = err
			}
			if !yield(d, err) {
				return
			}
		}
	}})
}
