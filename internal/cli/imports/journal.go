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

// ledgerPath returns the file of the ledger for a target.
func (o *importOptions) ledgerPath(t ledger.Target) (string, error) {
	if o.ledger != "" {
		return o.ledger, nil
	}
	return sqlite.DefaultPath(t)
}

// openLedger opens the ledger for writing; a dry run has none.
func (o *importOptions) openLedger(ctx context.Context, t ledger.Target) (*sqlite.Ledger, error) {
	path, err := o.ledgerPath(t)
	if err != nil || o.dryRun {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

func closeLedger(book *sqlite.Ledger) {
	if book != nil {
		_ = book.Close() // every record is durable when it is acknowledged
	}
}

// createReport prepares the report of --report; without the flag it is nil.
func createReport(path string) (*report.File, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no report is asked for
	}
	file, err := report.Create(path)
	if err != nil {
		return nil, exit.UsageError(err, "name a file that ends in .jsonl or .csv, in a directory that can be written")
	}
	return file, nil
}

func discardReport(file *report.File) {
	if file != nil {
		_ = file.Discard() // it is in its place, or what went wrong has been told
	}
}

// previousOf returns the import that is resumed: the one that --resume named, or
// the last one of the same key, unless that is finished or a fresh one is asked
// for. It is nil for a new import.
func previousOf(ctx context.Context, book *sqlite.Ledger, key string, named *ledger.Import, fresh bool) (*ledger.Import, error) {
	if named != nil && named.Key != key {
		return nil, exit.UsageError(fmt.Errorf("import %s was of other manifests, attachments or flags", named.ID),
			"give --resume alone, or leave it out to begin a new import")
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

// beginImport opens the journal of an import: of the one that is resumed, with
// the records of its earlier runs, or of a new one, which the ledger remembers
// with these settings.
func beginImport(ctx context.Context, book *sqlite.Ledger, fresh ledger.Import, previous *ledger.Import,
	recorded recordedSettings, printer *progress.Printer,
) (ledger.Import, ledger.Journal, iter.Seq2[ledger.Record, error], error) {
	if previous != nil {
		printer.Note("resuming import %s of %s", previous.ID, previous.Begun.Local().Format(time.DateTime))
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
