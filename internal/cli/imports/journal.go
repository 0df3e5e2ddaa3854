package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

// ledgerPath returns the path of the ledger for a target.
func (o *importOptions) ledgerPath(t ledger.Target) (string, error) {
	if o.ledger != "" {
		return o.ledger, nil
	}
	return sqlite.DefaultPath(t)
}

// openLedger opens the ledger for writing. It is nil in a dry run.
func (o *importOptions) openLedger(ctx context.Context, t ledger.Target) (*sqlite.Ledger, error) {
	path, err := o.ledgerPath(t)
	if err != nil || o.dryRun {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

func closeLedger(book *sqlite.Ledger) {
	if book != nil {
		_ = book.Close() // acknowledged records are durable already
	}
}

// checkReport returns an error if the file of --report cannot be written.
func checkReport(path string) error {
	if path == "" {
		return nil
	}
	if err := report.Check(path); err != nil {
		return exit.UsageError(err, "name a file that ends in .jsonl or .csv in a writable directory")
	}
	return nil
}

// previousOf returns the import to resume, or nil for a new import. That is the import
// that --resume named, or else the latest one with the same key, unless it is finished
// or fresh is set.
func previousOf(ctx context.Context, book *sqlite.Ledger, key string, named *ledger.Import, fresh bool) (*ledger.Import, error) {
	if named != nil && named.Key != key {
		return nil, exit.UsageError(fmt.Errorf("import %s had other manifests, attachments or flags", named.ID),
			"pass --resume without manifests and flags, or leave it out to start a new import")
	}
	if named != nil || fresh {
		return named, nil
	}
	found, err := book.Find(ctx, key)
	switch {
	case errors.Is(err, ledger.ErrNotFound), err == nil && !found.Resumable():
		return nil, nil //nolint:nilnil // a new import has no previous run
	case err != nil:
		return nil, err
	}
	return &found, nil
}

// beginImport opens the journal of the previous import, and returns the records of its
// earlier runs. If there is none it records a new import with these settings.
func beginImport(ctx context.Context, book *sqlite.Ledger, fresh ledger.Import, previous *ledger.Import,
	recorded recordedSettings, printer *progress.Printer,
) (ledger.Import, ledger.Journal, iter.Seq2[ledger.Record, error], error) {
	if previous != nil {
		printer.Note("resuming import %s, started at %s", previous.ID, previous.Begun.Local().Format(time.DateTime))
		journal, err := book.Resume(ctx, previous.ID)
		return *previous, journal, book.Records(ctx, previous.ID), err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fresh, nil, nil, err
	}
	text, err := json.Marshal(recorded)
	if err != nil {
		return fresh, nil, nil, fmt.Errorf("settings of the import: %w", err)
	}
	fresh.ID, fresh.Begun, fresh.Settings = id.String(), time.Now(), string(text)
	printer.Note("import %s", fresh.ID)
	journal, err := book.Begin(ctx, fresh)
	return fresh, journal, nil, err
}
