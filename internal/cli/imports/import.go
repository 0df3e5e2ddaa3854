package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
)

type importOptions struct {
	runFlags

	fresh             bool
	resume            string
	plan              string
	saved             *savedPlan // of --plan
	notice            noticeFlags
	ledger            string
	dryRun            bool
	maxFailures       int
	noBaseline        bool
	report            string
	allowTestMaterial bool
	overwrite         bool
	yes               bool
}

// NewImport returns `thingpress import`.
func NewImport(streams terminal.Streams) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import MANIFEST…",
		Short: "Import the devices of manifests into AWS IoT Core",
		Long: `Import every device of the manifests into AWS IoT Core. For each device, register
its certificate, create its thing, attach the certificate to the thing, and attach
policies, thing type, groups and attributes.

The manifests are read twice. The first pass decodes and checks every entry and
prints the numbers and the expected duration before anything is changed. The second
pass imports the devices as fast as the quotas of the account allow. MANIFEST "-" is
standard input.

Asks before it imports anything into AWS. Without a terminal, pass --yes.

Existing devices are completed, never replaced. If an import ends with exit code 1,
3 or 130, or crashes, the same command line resumes it and retries only the entries
that are not done. If it ended with 0, the same command line starts a new import,
which checks every device in AWS.

Credentials are found as by the AWS CLI (environment, profile, SSO, role). docs/iam.md
has the policy that they need. With --sandbox the import goes into an embedded
endpoint that behaves like AWS IoT, and AWS is not called.

` + exit.Help,
		Example: `  # rehearse in the embedded sandbox
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import, but only into this account
  thingpress import --account 111122223333 --policy sensors --thing-group factory-7 reel.7z

  # a Microchip manifest, signed by one of the signers that Microchip has published
  thingpress import --policy sensors --signer microchip manifest.json

  # name things after their MAC address, and write the outcome of every entry to a file
  thingpress import --policy sensors --thing-name '{mac}' --report outcome.csv reel.csv

  # import only the devices that a file lists
  thingpress import --policy sensors --only first-thousand.txt reel.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.resume == "" && o.plan == "" {
				return errors.New("no manifest given")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if o.plan != "" {
				var err error
				if o.saved, err = readSavedPlan(o.plan, c.Flags(), args); err != nil {
					return err
				}
				args = o.saved.Files
			}
			return runImport(c.Context(), &o, c.Flags(), args, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.fresh, "new", false, "start a new import even if an unfinished one could be resumed")
	flags.StringVar(&o.resume, "resume", "", "resume the import with this `ID`, with its manifests and flags; see thingpress imports")
	flags.StringVar(&o.plan, "plan", "",
		"carry out the plan in this `file`, which thingpress plan --out wrote, unless something has changed since")
	flags.StringVar(&o.ledger, "ledger", "", "ledger `file` (default: one per target in the state directory)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "check manifests and attachments, but change nothing")
	flags.IntVar(&o.maxFailures, "max-failures", 0, "stop after this `number` of failed devices; 0 for no limit")
	flags.BoolVar(&o.noBaseline, "no-baseline", false,
		"do not list the things of the account first; thingpress undo then keeps the things of this import")
	flags.StringVar(&o.report, "report", "", "write the outcome of every entry to this `file`, .jsonl, .csv, .html or .md")
	flags.BoolVar(&o.overwrite, "overwrite", false, "let --report replace a file that is not the report of the same import")
	flags.BoolVar(&o.allowTestMaterial, "allow-test-material", false,
		"import certificates that thingpress generate made into AWS, although others may know their keys")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before the import starts")
	o.notice.add(flags)
	return c
}

// check returns an error if flags contradict each other.
func (o *importOptions) check() error {
	switch {
	case o.maxFailures < 0:
		return exit.UsageError(fmt.Errorf("--max-failures %d is negative", o.maxFailures), "")
	case o.resume != "" && o.plan != "":
		return exit.UsageError(errors.New("--resume cannot be combined with --plan"),
			"leave out one of them; --plan resumes an unfinished import as well")
	case o.resume != "" && o.fresh:
		return exit.UsageError(errors.New("--resume cannot be combined with --new"), "")
	}
	return o.target.Check()
}

// runImport runs an import. The flags must be those that set o, because --resume sets
// them again.
func runImport(ctx context.Context, o *importOptions, flags *pflag.FlagSet, args []string, streams terminal.Streams) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	if err := exit.Unapproved(o.yes || o.dryRun || o.target.Sandbox, streams, "nothing was imported"); err != nil {
		return err
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	var settings engine.Settings
	if o.resume == "" { // else the flags are yet to be restored
		if settings, err = o.settings(ctx); err != nil {
			return err
		}
	}
	reportOf, err := CheckReport(o.report, o.overwrite)
	if err != nil {
		return err
	}
	if err := o.notice.check(); err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, o.output)
	defer printer.Close()
	begun := false
	defer func() {
		if !begun {
			err = notBegun(ctx, err)
		}
	}()

	connection, err := o.target.Connect(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer closeConnection(connection, printer, streams)
	printer.Note("target: %s", connection)
	// The ledger is opened before the manifests, so that a second import fails
	// immediately while the first one is running.
	book, err := o.openLedger(ctx, connection)
	if err != nil {
		return err
	}
	defer closeLedger(book)
	NoteUpgrade(printer, book)
	named, args, err := o.restore(ctx, connection, flags, args)
	if err != nil {
		return err
	}
	if o.resume != "" {
		if settings, err = o.settings(ctx); err != nil {
			return err
		}
	}
	files, err := manifests.OpenFiles(ctx, args, streams.In)
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	sources, err := manifests.OpenSources(ctx, files.Inputs, o.decode.Vendor, settings.Decode, printer)
	if err != nil {
		return err
	}
	quotas, err := o.quotas.Resolve(ctx, connection.Client, overrides)
	if err != nil {
		return err
	}
	check := newAttachmentCheck(ctx, connection, quotas)
	attached, err := check.ofImport(settings.Attachments)
	if err != nil {
		return err
	}
	policies, err := newPolicyJudges(ctx, connection, quotas, attached, settings, check)
	if err != nil {
		return err
	}
	settings.CheckVariant = check.ofVariant
	scan, err := scanManifests(ctx, sources, settings, policies, &o.runFlags, printer, streams)
	if err := cmp.Or(err, check.wrong(), policies.err); err != nil {
		return err
	}
	if err := RefuseTestMaterial(connection, scan, o.allowTestMaterial); err != nil {
		return err
	}

	known := reviewed{settings, connection, scan, quotas, check, policies, nil}
	if err := o.checkPlan(ctx, known, sources, args, flags, printer); err != nil {
		return err
	}

	printer.Pause()
	showAttachments(printer, check.created, check.unconnectable(scan.Portions()), scan.Devices)
	showScan(printer, scan, &o.runFlags)
	judged := policies.line()
	for _, line := range judged.text() {
		printer.Note("%s", line)
	}
	if err := judged.stop(o.ignorePolicy); err != nil {
		return exit.WithHint(fmt.Errorf("nothing was imported: %w", err), exit.Hint(err))
	}
	showDistribution(printer, scan)
	showCeiling(printer, quotas, scan)
	if o.dryRun {
		return o.endDryRun(connection, scan, quotas, streams)
	}
	key, err := engine.Key(connection.Target, scan.Manifests, settings)
	if err != nil {
		return err
	}
	spelled, err := engine.Key(connection.Spelled, scan.Manifests, settings)
	if err != nil {
		return err
	}
	previous, err := previousOf(ctx, book, []string{key, spelled}, named, o.fresh)
	if err != nil {
		return err
	}
	recorded, resumed := recordedOf(settings, args, flags), ""
	recorded.Distribution = distributionOf(scan.Portions())
	recorded.Distribution = recorded.Distribution[:min(len(recorded.Distribution), maxRecorded)]
	recorded.About = aboutOf(quotas, scan, args, flags)
	var unfinished *ledger.Import
	if previous != nil {
		resumed = previous.ID
	} else if !o.fresh {
		if unfinished, err = unfinishedOf(ctx, book, connection.Target, scan.Manifests); err != nil {
			return err
		}
	}
	if unfinished != nil {
		printer.Note("note: import %s of the same manifests is unfinished, %s; it was started %s",
			unfinished.ID, leftText(unfinished), otherFlags(*unfinished, recorded))
		printer.Pause()
	}
	if err := o.confirm(connection, scan.Devices, previous, unfinished, flags, streams); err != nil {
		return err
	}
	if err := exit.OtherReport(o.report, reportOf, resumed); err != nil {
		return err
	}
	record, journal, earlier, err := beginImport(ctx, book, ledger.Import{Key: key, Target: connection.Target, Manifests: scan.Manifests},
		previous, recorded, printer)
	if err != nil {
		return err
	}

	begun = true
	limiters, metrics := quotas.Limiters(), startMetrics(o.notice.metrics, record, streams)
	events, stop := showStopping(ctx, printer,
		metrics.watch(logDecisions(streams.Log, limiters, showEvents(printer, "many devices exist already: "))))
	defer stop()
	summary, ended := engine.Run(ctx, engine.Config{
		Settings: settings, Target: connection.Target, AWS: connection.Client.AWS(), Limiters: limiters,
		Abort: terminal.AbortContext(ctx), Events: events,
	}, engine.Import{
		ID: record.ID, Sources: sources, Scan: scan, Journal: journal, Earlier: earlier, MaxFailures: o.maxFailures,
		NoBaseline: o.noBaseline,
	})
	printer.Close()
	reported := WriteReport(ctx, o.report, book, record)
	if o.report != "" && reported == nil && !o.quiet {
		plain.Fprintf(streams.Err, "report: %s\n", o.report)
	}
	line := summaryOf(summary, ended, connection, scan)
	metrics.end(line)
	o.notice.send(ctx, line, streams)
	if o.output == terminal.JSON {
		err = streams.PrintJSON(line)
	} else {
		err = printSummary(line, summary, connection, resumeCommand(record.ID, flags), streams)
	}
	if err := errors.Join(reported, err); err != nil {
		return err
	}
	return exitOf(line, o.lists.Missing(line.UnmatchedOnly))
}

// notBegun adds to an error before the first change that nothing was changed.
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

// resumeCommand returns the command line that resumes an import, with the flags that it needs to find
// the ledger and the account. What the config file sets is not repeated, because the same file and
// target set it again.
func resumeCommand(id string, flags *pflag.FlagSet) string {
	line := "thingpress import --resume " + id
	for _, name := range []string{
		"config", "target", "ledger", "endpoint-url", "region", "profile", "sandbox-state", "sandbox", "yes",
	} {
		flag := flags.Lookup(name)
		switch value := flag.Value.String(); {
		case !flag.Changed || config.SourceOf(flag).InFile():
		case flag.Value.Type() != "bool":
			line += " --" + name + " " + terminal.ShellQuote(value)
		case value == "true":
			line += " --" + name
		default:
			line += " --" + name + "=" + value
		}
	}
	return line
}
