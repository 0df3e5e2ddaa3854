package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

// ledgerPath returns the path of the ledger for a target. Version 0.1.0 had a ledger for each spelling
// of an endpoint; one with an import to resume is still used.
func (o *importOptions) ledgerPath(ctx context.Context, c *target.Connection) (string, error) {
	if o.ledger != "" {
		return o.ledger, nil
	}
	path, err := sqlite.DefaultPath(c.Target)
	if err != nil || c.Spelled == c.Target {
		return path, err
	}
	if old, err := sqlite.DefaultPath(c.Spelled); err == nil && hasResumable(ctx, old, c.Spelled) {
		return old, nil
	}
	return path, nil
}

// hasResumable reports whether a ledger has an import into the target to resume.
func hasResumable(ctx context.Context, path string, t ledger.Target) bool {
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return false
	}
	defer reader.Close() //nolint:errcheck // it was only read
	for i, err := range reader.Imports(ctx) {
		if err == nil && i.Target == t && i.Resumable() {
			return true
		}
	}
	return false
}

// openLedger opens the ledger for writing. It is nil in a dry run.
func (o *importOptions) openLedger(ctx context.Context, c *target.Connection) (*sqlite.Ledger, error) {
	path, err := o.ledgerPath(ctx, c)
	if err != nil || o.dryRun {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

// NoteUpgrade tells the user that a ledger was upgraded, and where its copy is.
func NoteUpgrade(printer *progress.Printer, book *sqlite.Ledger) {
	if book != nil && book.Copy != "" {
		printer.Note("the ledger was upgraded for this version; its copy is %s", book.Copy)
	}
}

func closeLedger(book *sqlite.Ledger) {
	if book != nil {
		_ = book.Close() // acknowledged records are durable already
	}
}

// CheckReport returns an error if the file of --report cannot be written, and the ID of the import
// whose report it is, if there is one.
func CheckReport(path string, overwrite bool) (found string, err error) {
	if path == "" {
		return "", nil
	}
	if err := report.Check(path); err != nil {
		return "", exit.UsageError(err, "name a file that ends in .jsonl, .csv, .html or .md in a writable directory")
	}
	return exit.OccupiedReport(path, overwrite)
}

// CheckRows is like [CheckReport] for a command whose report has a line for each entry and no other form.
func CheckRows(path string, overwrite bool) (found string, err error) {
	if path == "" {
		return "", nil
	}
	if extension := filepath.Ext(path); !slices.Contains(report.RowExtensions(), strings.ToLower(extension)) {
		return "", exit.UsageError(fmt.Errorf("report %s: report format %q is none of %s", path, extension,
			strings.Join(report.RowExtensions(), ", ")), "name a file that ends in .jsonl or .csv")
	}
	return CheckReport(path, overwrite)
}

// previousOf returns the import to resume, or nil for a new import. That is the import
// that --resume named, or else the latest one with the same key, unless it is finished
// or fresh is set. The first of the keys is that of a new import, the others are those of older versions.
func previousOf(ctx context.Context, book *sqlite.Ledger, keys []string, named *ledger.Import, fresh bool) (*ledger.Import, error) {
	if named != nil && !slices.Contains(keys, named.Key) {
		return nil, exit.UsageError(fmt.Errorf("import %s had other manifests, attachments or flags", named.ID),
			"pass --resume without manifests and flags, or leave it out to start a new import")
	}
	if named != nil || fresh {
		return named, nil
	}
	for _, key := range keys {
		found, err := book.Find(ctx, key)
		switch {
		case err == nil && found.Resumable():
			return &found, nil
		case err != nil && !errors.Is(err, ledger.ErrNotFound):
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // a new import has no previous run
}

// beginImport opens the journal of the previous import, and returns the records of its
// earlier runs. If there is none it records a new import with these settings.
func beginImport(ctx context.Context, book *sqlite.Ledger, fresh ledger.Import, previous *ledger.Import,
	recorded recordedSettings, printer *progress.Printer,
) (ledger.Import, ledger.Journal, iter.Seq2[ledger.Record, error], error) {
	if previous != nil {
		printer.Note("resuming import %s, started at %s: %s", previous.ID, previous.Begun.Local().Format(time.DateTime), leftText(previous))
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
