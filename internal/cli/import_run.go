package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// An importRun is one run of the import command, filled in from step to step.
type importRun struct {
	preparation
	command *cobra.Command
	options *importOptions

	ledgerPath string
	ledger     *sqlite.Ledger
	report     *report.File

	record   ledger.Import // what the ledger keeps of the import
	previous *ledger.Import
}

// runImport takes the options that the command's flags set, because --resume
// sets them as well.
func runImport(c *cobra.Command, o *importOptions, args []string, streams Streams) error {
	ctx := c.Context()
	if err := o.check(); err != nil {
		return err
	}
	overrides, err := o.quotaFlags.check()
	if err != nil {
		return err
	}
	run := &importRun{preparation: newPreparation(&o.prepareFlags, args, streams), command: c, options: o}
	defer func() { run.close() }()

	for _, step := range []func(context.Context) error{
		run.connect,
		run.openLedger,
		run.restore,
		run.readSettings,
		run.createReport,
		run.openSources,
		run.decode,
		func(ctx context.Context) error { return run.check(ctx, overrides) },
	} {
		if err := step(ctx); err != nil {
			return run.ended(ctx, err)
		}
	}
	run.show()
	if o.dryRun {
		return run.dryRun()
	}
	if err := run.confirm(); err != nil {
		return err
	}
	return run.carryOut(ctx)
}

func (run *importRun) close() {
	if run.report != nil {
		_ = run.report.Discard() // it is in its place, or what went wrong has been told
	}
	if run.ledger != nil {
		_ = run.ledger.Close() // every record is durable when it is acknowledged
	}
	run.preparation.close()
}

// ended turns an error before the first change into what the command says.
func (run *importRun) ended(ctx context.Context, err error) error {
	if interrupted(ctx) {
		return &exitError{code: ExitInterrupted, err: errors.New("interrupted before anything was changed")}
	}
	var broken *engine.BreakError
	var wrong *device.AttachmentError
	if errors.As(err, &broken) || errors.As(err, &wrong) {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	return err
}

func (run *importRun) connect(ctx context.Context) (err error) {
	run.connection, err = run.options.connect(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	run.printer.Note("target: %s", run.connection)
	return nil
}

// openLedger comes before the manifests are read, so that a second import
// learns at once that the first one is still running.
func (run *importRun) openLedger(ctx context.Context) (err error) {
	run.ledgerPath = run.options.ledger
	if run.ledgerPath == "" {
		if run.ledgerPath, err = sqlite.DefaultPath(run.connection.target); err != nil {
			return err
		}
	}
	if run.options.dryRun {
		return nil
	}
	run.ledger, err = sqlite.Open(ctx, run.ledgerPath)
	var held *ledger.HeldError
	if errors.As(err, &held) {
		return withHint(err, "wait until it has ended; thingpress imports shows how far it is")
	}
	return err
}

func (run *importRun) createReport(context.Context) (err error) {
	if run.options.report == "" {
		return nil
	}
	if run.report, err = report.Create(run.options.report); err != nil {
		return usage(err, "name a file that ends in .jsonl or .csv, in a directory that can be written")
	}
	return nil
}

// show tells what will be imported.
func (run *importRun) show() {
	run.printer.Pause()
	for _, name := range run.created {
		run.printer.Note("created in the sandbox: %s", name)
	}
	if !run.attached.Connectable {
		run.printer.Note("warning: %s", notConnectable)
	}
	run.showScan()
	run.showCeiling()
}

// confirm asks on a terminal. A sandbox is for trying, and is not asked about.
func (run *importRun) confirm() error {
	o := run.options
	if o.yes || run.connection.embedded != nil || !run.streams.InTerminal || !run.streams.ErrTerminal || run.scan.Devices == 0 {
		return nil
	}
	fmt.Fprintf(run.streams.Err, "import %s devices into %s? [y/N] ", progress.Count(int64(run.scan.Devices)), run.connection)
	answer, _ := bufio.NewReader(run.streams.In).ReadString('\n') // no answer is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return &exitError{code: ExitFailure, err: errors.New("nothing was imported: not confirmed"), hint: "--yes does not ask"}
}

func (run *importRun) dryRun() error {
	if err := run.printDryRun(); err != nil {
		return err
	}
	if run.scan.Rejected > 0 {
		return &exitError{code: ExitIncomplete}
	}
	return nil
}

// carryOut is the second pass.
func (run *importRun) carryOut(ctx context.Context) error {
	journal, err := run.begin(ctx)
	if err != nil {
		return err
	}
	summary, err := engine.Run(ctx, engine.Config{
		Settings: run.settings,
		Target:   run.connection.target,
		AWS:      run.connection.client.AWS(),
		Limiters: quota.NewLimiters(run.quotas, quota.Options{}),
		Abort:    abortContext(ctx),
		Events:   run.view.event,
	}, engine.Import{
		ID:          run.record.ID,
		Sources:     run.sources,
		Scan:        run.scan,
		Journal:     journal,
		Earlier:     run.earlier(ctx),
		MaxFailures: run.options.maxFailures,
	})
	run.printer.Pause()
	return run.finish(ctx, summary, err)
}

// earlier are the records of earlier runs of this import.
func (run *importRun) earlier(ctx context.Context) iter.Seq2[ledger.Record, error] {
	if run.previous == nil {
		return nil
	}
	return run.ledger.Records(ctx, run.record.ID)
}

// begin opens the journal: that of the import that is resumed, or a new one.
func (run *importRun) begin(ctx context.Context) (ledger.Journal, error) {
	key, err := engine.Key(run.connection.target, run.scan.Manifests, run.settings)
	if err != nil {
		return nil, err
	}
	if err := run.findPrevious(ctx, key); err != nil {
		return nil, err
	}
	if run.previous != nil {
		run.record = *run.previous
		run.printer.Note("resuming import %s of %s", run.record.ID, run.record.Begun.Local().Format(time.DateTime))
		return run.ledger.Resume(ctx, run.record.ID)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	settings, err := run.recorded()
	if err != nil {
		return nil, err
	}
	run.record = ledger.Import{
		ID: id.String(), Key: key, Target: run.connection.target, Manifests: run.scan.Manifests, Settings: settings, Begun: time.Now(),
	}
	run.printer.Note("import %s", run.record.ID)
	return run.ledger.Begin(ctx, run.record)
}

func (run *importRun) findPrevious(ctx context.Context, key string) error {
	if run.previous != nil {
		if run.previous.Key != key {
			return usage(fmt.Errorf("import %s was of other manifests, attachments or flags", run.previous.ID),
				"give --resume alone, or leave it out to begin a new import")
		}
		return nil
	}
	if run.options.fresh {
		return nil
	}
	found, err := run.ledger.Find(ctx, key)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil
	case err != nil:
		return err
	case found.Resumable():
		run.previous = &found
	}
	return nil
}
