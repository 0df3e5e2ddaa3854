package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// startJob creates the job of an upload, or finds the one that it has.
func (h *Handler) startJob(ctx context.Context, upload stack.Upload) (id string, err error) {
	vendor, ok := h.Stack.Vendor(upload.Bucket)
	if !ok {
		return "", fmt.Errorf("bucket %s does not belong to this stack", upload.Bucket)
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("import ID: %w", err)
	}
	now := time.Now().UTC()
	settings, err := stack.ProvisionalSettings(now)
	if err != nil {
		return "", err
	}
	var job stack.Job
	var created bool
	err = patiently(ctx, func() (err error) {
		job, created, err = h.Jobs.Start(ctx, upload, stack.Job{
			Import: fresh.String(), Upload: upload, Vendor: vendor, Created: now, Updated: now,
			Phase: stack.PhaseHash, Settings: settings,
		})
		return err
	})
	if err != nil {
		return "", err
	}
	h.Log.InfoContext(ctx, "upload", "import", job.Import, "vendor", vendor, "bucket", upload.Bucket, "key", upload.Key,
		"version", upload.Version, "size", upload.Size, "new", created)
	return job.Import, nil
}

// beginImport records the import in the ledger, with the number of entries that the
// check has read. If a retry has read another number than the ledger has, it corrects
// that, unless entries have an outcome.
func (w *worker) beginImport(ctx context.Context) error {
	known, err := w.h.Ledger.Import(ctx, w.job.Import)
	begun := err == nil
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	if begun && (!w.progress.Checked || len(known.Manifests) == 1 &&
		known.Manifests[0].Entries == w.progress.Check.Entries && known.Settings == w.job.Settings) {
		return nil
	}
	if begun && known.Counts.Pending() < known.Counts.Entries {
		return stopf("the ledger has %d entries of this manifest, some with outcomes, and now %d were read: upload it again",
			known.Counts.Entries, w.progress.Check.Entries)
	}
	target, err := w.h.Target(ctx)
	if err != nil {
		return err
	}
	content := ledger.Manifest{
		Name: w.job.Upload.Key, SHA256: w.progress.SHA256, Size: w.job.Upload.Size,
		Vendor: w.job.Vendor, Entries: w.progress.Check.Entries,
	}
	key, err := engine.Key(target, []ledger.Manifest{content}, w.settings)
	if err != nil {
		return err
	}
	i := ledger.Import{
		ID: w.job.Import, Key: key, Target: target, Manifests: []ledger.Manifest{content},
		Settings: w.job.Settings, Begun: w.job.Created,
	}
	if begun {
		return w.h.Reopener.Restart(ctx, i)
	}
	_, err = w.h.Ledger.Begin(ctx, i)
	return err
}
