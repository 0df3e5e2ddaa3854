package imports

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
)

type importOptions struct {
	runFlags

	fresh       bool
	resume      string
	ledger      string
	dryRun      bool
	maxFailures int
	report      string
	yes         bool
}

// NewImport returns `thingpress import`.
func NewImport(streams terminal.Streams) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import MANIFEST…",
		Short: "Import the devices of manifests into AWS IoT Core",
		Long: `Import every device of the manifests into AWS IoT Core: the certificate is
registered, the thing created and both attached, with policies, thing type, groups
and attributes.

The manifests are read twice. First every entry is decoded and judged, so that
totals, rejected entries, the ceiling and the duration are known before the first
call. Then the devices are imported at the rate that the account's quotas allow.
MANIFEST "-" is standard input.

What exists already is looked at and completed, never replaced. After exit code 1, 3
or 130, or a crash, the same command line resumes: only what has no good outcome yet
is done. A finished import that is run again is a new import that looks at AWS.

Credentials come from where the AWS SDK finds them (environment, profile, SSO, role);
docs/iam.md has the policy that they need. With --sandbox nothing of AWS is read or
called: the import goes into an embedded endpoint that behaves like AWS IoT.

` + exit.Help,
		Example: `  # rehearse
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import; the account must be this one
  thingpress import --account 111122223333 --policy sensors --thing-group factory-7 reel.7z

  # Microchip manifests are signed: say by whom
  thingpress import --policy sensors --signer MCHP_manifest_signer_5.crt manifest.json

  # name things after the MAC, and keep the outcome of every entry
  thingpress import --policy sensors --thing-name '{mac}' --report outcome.csv reel.csv

  # only these devices
  thingpress import --policy sensors --only first-thousand.txt reel.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.resume == "" {
				return errors.New("no manifest given")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return runImport(c.Context(), &o, c.Flags(), args, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.fresh, "new", false, "begin a new import, also where an unfinished one could be resumed")
	flags.StringVar(&o.resume, "resume", "", "resume the import with this ID, with its manifests and flags (see thingpress imports)")
	flags.StringVar(&o.ledger, "ledger", "", "ledger file (default: one for each target below the state directory)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "check manifests and attachments, and stop before the first change")
	flags.IntVar(&o.maxFailures, "max-failures", 0, "stop after so many failed devices; 0 is no limit")
	flags.StringVar(&o.report, "report", "", "write the outcome of every entry to this file, .jsonl or .csv")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before the import starts")
	return c
}

// check finds what flags cannot say alone.
func (o *importOptions) check() error {
	switch {
	case o.maxFailures < 0:
		return exit.UsageError(fmt.Errorf("--max-failures %d is negative", o.maxFailures), "")
	case o.resume != "" && o.fresh:
		return exit.UsageError(errors.New("--resume and --new exclude each other"), "")
	}
	return o.target.Check()
}

// runImport carries an import out. The options are those that the flags set,
// because --resume sets them as well.
func runImport(ctx context.Context, o *importOptions, flags *pflag.FlagSet, args []string, streams terminal.Streams) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet)
	defer printer.Close()
	begun := false
	defer func() {
		if !begun {
			err = notBegun(ctx, err)
		}
	}()

	connection, err := o.target.Connect(ctx)
	if err != nil {
		return err
	}
	defer closeConnection(connection, printer, streams)
	printer.Note("target: %s", connection)
	// The ledger comes before the manifests, so that a second import learns at
	// once that the first one is still running.
	book, err := o.openLedger(ctx, connection.Target)
	if err != nil {
		return err
	}
	defer closeLedger(book)
	named, args, err := o.restore(ctx, connection.Target, flags, args)
	if err != nil {
		return err
	}
	settings, err := o.settings()
	if err != nil {
		return err
	}
	outcomes, err := createReport(o.report)
	if err != nil {
		return err
	}
	defer discardReport(outcomes)

	files, err := manifests.OpenFiles(ctx, args, streams.In)
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	sources, err := manifests.OpenSources(ctx, files.Inputs, o.decode.Vendor, printer)
	if err != nil {
		return err
	}
	scan, err := scanManifests(ctx, sources, settings, &o.runFlags, printer, streams)
	if err != nil {
		return err
	}
	quotas, err := o.quotas.Resolve(ctx, connection.Client, overrides)
	if err != nil {
		return err
	}
	attached, created, err := checkAttachments(ctx, connection, quotas, settings.Attachments)
	if err != nil {
		return err
	}

	printer.Pause()
	showAttachments(printer, attached, created)
	showScan(printer, scan, &o.runFlags)
	showCeiling(printer, quotas, settings.Attachments, scan.Devices)
	if o.dryRun {
		return endDryRun(o.output, connection, scan, quotas, settings.Attachments, streams)
	}
	if err := o.confirm(connection, scan.Devices, streams); err != nil {
		return err
	}
	key, err := engine.Key(connection.Target, scan.Manifests, settings)
	if err != nil {
		return err
	}
	previous, err := previousOf(ctx, book, key, named, o.fresh)
	if err != nil {
		return err
	}
	record, journal, earlier, err := beginImport(ctx, book, ledger.Import{Key: key, Target: connection.Target, Manifests: scan.Manifests},
		previous, recordedOf(settings, args, flags), printer)
	if err != nil {
		return err
	}

	begun = true
	summary, ended := engine.Run(ctx, engine.Config{
		Settings: settings, Target: connection.Target, AWS: connection.Client.AWS(), Limiters: quotas.Limiters(),
		Abort: terminal.AbortContext(ctx), Events: showEvents(printer, "many devices exist already: "),
	}, engine.Import{
		ID: record.ID, Sources: sources, Scan: scan, Journal: journal, Earlier: earlier, MaxFailures: o.maxFailures,
	})
	printer.Close()
	reported := writeReport(ctx, outcomes, book, record)
	line := summaryOf(summary, ended, connection, scan)
	if o.output == terminal.JSON {
		err = streams.PrintJSON(line)
	} else {
		err = printSummary(line, summary, connection, o.resumeCommand(record.ID), streams)
	}
	if err := errors.Join(reported, err); err != nil {
		return err
	}
	return exitOf(line)
}

// confirm asks on a terminal. A sandbox is for trying, and is not asked about.
func (o *importOptions) confirm(c *target.Connection, devices int, streams terminal.Streams) error {
	if o.yes || c.Embedded() || !streams.CanAsk() || devices == 0 ||
		streams.Confirm(fmt.Sprintf("import %s devices into %s?", count(devices), c)) {
		return nil
	}
	return exit.WithHint(errors.New("nothing was imported: not confirmed"), "--yes does not ask")
}

// notBegun turns an error before the first change into what the command prints.
func notBegun(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if terminal.Interrupted(ctx) {
		return exit.InterruptedError("interrupted before anything was changed", "")
	}
	var broken *engine.BreakError
	var wrong *device.AttachmentError
	if errors.As(err, &broken) || errors.As(err, &wrong) {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	return err
}

// resumeCommand is the command line that resumes an import, with the flags that
// it needs to find the ledger again.
func (o *importOptions) resumeCommand(id string) string {
	line := "thingpress import --resume " + id
	for _, f := range [][2]string{
		{"--ledger", o.ledger},
		{"--endpoint-url", o.target.EndpointURL},
		{"--region", o.target.Region},
		{"--profile", o.target.Profile},
		{"--sandbox-state", o.target.SandboxState},
	} {
		if f[1] != "" {
			line += " " + f[0] + " " + f[1]
		}
	}
	if o.target.Sandbox {
		line += " --sandbox"
	}
	return line
}
