package imports

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/engine"
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

// recordOf returns what the ledger keeps of an import: that of the previous run,
// or fresh with an ID and with what the command line asks for.
func recordOf(previous *ledger.Import, fresh ledger.Import, settings engine.Settings, args []string, flags *pflag.FlagSet) (ledger.Import, error) {
	if previous != nil {
		return *previous, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fresh, err
	}
	fresh.ID, fresh.Begun = id.String(), time.Now()
	fresh.Settings, err = recordSettings(settings, args, flags)
	return fresh, err
}

// openJournal opens the journal of an import. If it is resumed it returns the
// records of its earlier runs as well.
func openJournal(ctx context.Context, book *sqlite.Ledger, record ledger.Import, resumed bool, printer *progress.Printer,
) (ledger.Journal, iter.Seq2[ledger.Record, error], error) {
	if resumed {
		printer.Note("resuming import %s of %s", record.ID, record.Begun.Local().Format(time.DateTime))
		journal, err := book.Resume(ctx, record.ID)
		return journal, book.Records(ctx, record.ID), err
	}
	printer.Note("import %s", record.ID)
	journal, err := book.Begin(ctx, record)
	return journal, nil, err
}
