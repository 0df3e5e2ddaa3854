package decode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/stack"
)

// Uploads makes one job of an upload; *dynamodb.Jobs does.
type Uploads interface {
	// Start records job as that of the upload. Where the upload has a job
	// already it returns that one, and created is false.
	Start(ctx context.Context, upload dynamodb.Upload, job dynamodb.Job) (now dynamodb.Job, created bool, err error)
}

// Jobs keeps jobs; *dynamodb.Jobs does.
type Jobs interface {
	// Get wraps ledger.ErrNotFound.
	Get(ctx context.Context, importID string) (dynamodb.Job, error)
	// Lease fails with *dynamodb.LeasedError while another owner has it.
	Lease(ctx context.Context, importID, owner string, until time.Time) (dynamodb.Lease, error)
	// Save wraps dynamodb.ErrFenced where somebody took the lease since. It
	// leaves Cause and RetryAt as they are, unless the job is stopped.
	Save(ctx context.Context, lease dynamodb.Lease, job dynamodb.Job) error
	Release(ctx context.Context, lease dynamodb.Lease) error
	// SetCause notes why the import does not move, or with "" that it does
	// again. Importers do so, too.
	SetCause(ctx context.Context, importID, cause string, retryAt time.Time) error
}

// Ledger is where imports and rejected entries are recorded; *dynamodb.Ledger is one.
type Ledger interface {
	Import(ctx context.Context, id string) (ledger.Import, error)
	Begin(ctx context.Context, i ledger.Import) (ledger.Journal, error)
	Resume(ctx context.Context, id string) (ledger.Journal, error)
	// Counts are strongly consistent.
	Counts(ctx context.Context, id string) (ledger.Counts, error)
}

// start makes the job of an upload, or finds it.
func (h *Handler) start(ctx context.Context, upload dynamodb.Upload) (id string, err error) {
	vendor, ok := h.Stack.Vendor(upload.Bucket)
	if !ok {
		return "", fmt.Errorf("bucket %s is none of this stack's", upload.Bucket)
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("import ID: %w", err)
	}
	now := time.Now().UTC()
	settings, err := stack.FreezeSettings(h.Stack.Settings(), now)
	if err != nil {
		return "", err
	}
	var job dynamodb.Job
	var created bool
	err = patiently(ctx, func() (err error) {
		job, created, err = h.Uploads.Start(ctx, upload, dynamodb.Job{
			Import: fresh.String(), Upload: upload, Vendor: vendor, Created: now, Updated: now,
			Phase: dynamodb.PhaseHash, Settings: settings,
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

// begin records the import in the ledger, if it is not there yet, with the
// entries that the check has read.
func (w *worker) begin(ctx context.Context) error {
	switch _, err := w.h.Ledger.Import(ctx, w.job.Import); {
	case err == nil:
		return nil
	case !errors.Is(err, ledger.ErrNotFound):
		return err
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
	_, err = w.h.Ledger.Begin(ctx, ledger.Import{
		ID: w.job.Import, Key: key, Target: target, Manifests: []ledger.Manifest{content},
		Settings: w.job.Settings, Begun: w.job.Created,
	})
	return err
}
