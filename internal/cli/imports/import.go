package imports

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
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
	c, _ := newImport(streams)
	return c
}

// newImport returns the command and its options.
func newImport(streams terminal.Streams) (*cobra.Command, *importOptions) {
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
standard input, and s3://BUCKET/KEY an object in S3.

Asks before it imports anything into AWS. Without a terminal, pass --yes.

Existing devices are completed, never replaced. If an import ends with exit code 1,
3 or 130, or crashes, the same command line resumes it and retries only the entries
that are not done. If it ended with 0, the same command line starts a new import,
which checks every device in AWS.

With --target several times, the devices are imported into each of these targets. Each
has its own quotas, ledger and numbers, and if one fails the others go on.

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

  # import into two accounts, one after the other; the manifest is checked once
  thingpress import --target production --target profile=china,region=cn-north-1 --policy sensors reel.csv

  # import only the devices that a file lists
  thingpress import --policy sensors --only first-thousand.txt reel.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.resume == "" && o.plan == "" {
				return errors.New("no manifest given")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if names := settings.Targets(c.Flags()); len(names) > 1 {
				return importIntoSeveral(c.Context(), names, c, args, streams)
			}
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
	settings.AllowSeveralTargets(c)
	return c, &o
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
	i := &oneImport{o: o, flags: flags, streams: streams}
	if err := i.checkFlags(ctx); err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, o.output)
	defer printer.Close()
	i.printer = printer
	defer func() {
		if !i.begun {
			err = notBegun(ctx, err)
		}
	}()
	if err := i.connect(ctx); err != nil {
		return err
	}
	defer i.close()
	if err := i.open(ctx, args); err != nil {
		return err
	}
	files, err := manifests.OpenFiles(ctx, i.args, o.reading(printer, streams))
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	i.args = files.Names
	sources, err := manifests.OpenSources(ctx, files.Inputs, o.decode.Vendor, i.settings.Decode, printer)
	if err != nil {
		return err
	}
	if err := i.lookUp(ctx); err != nil {
		return err
	}
	i.settings.CheckVariant = i.check.ofVariant
	events := i.policies.watch(manifests.ShowScanning(printer))
	if i.scan, err = scanManifests(ctx, sources, i.settings, events, &o.runFlags, printer, streams); err != nil {
		return err
	}
	if err := i.review(ctx, sources); err != nil || o.dryRun {
		return err
	}
	if err := i.confirm(); err != nil {
		return err
	}
	_, err = i.carryOut(ctx, sources)
	return err
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
		"config", "target", "ledger", "endpoint-url", "region", "profile", "source-profile", "sandbox-state", "sandbox", "yes",
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
