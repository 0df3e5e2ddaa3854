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
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

type planOptions struct {
	runFlags
	compare   bool
	examples  int
	out       string
	overwrite bool
}

// NewPlan returns `thingpress plan`.
func NewPlan(streams terminal.Streams) *cobra.Command {
	c, _ := newPlan(streams)
	return c
}

// newPlan returns the command and its options.
func newPlan(streams terminal.Streams) (*cobra.Command, *planOptions) {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan MANIFEST…",
		Short: "Show what an import would do, and how long it would take",
		Long: `Show what an import with the same flags would do, without changing anything. The
plan has the number of devices and rejected entries, the duration, the quota that
limits it, the duration with that quota doubled, the calls per operation, and missing
attachments. It lists every call for one device. MANIFEST "-" is standard input,
and s3://BUCKET/KEY an object in S3.

With --offline the plan needs no account. It assumes the default quotas of AWS and
does not look for the attachments.

With --compare every device is looked up in AWS, and the plan counts how many are
new, unchanged, incomplete or in conflict.

With --out the plan is saved. 'thingpress import --plan' carries it out, and refuses if
manifests, attachments, policies or quotas have changed since; after --compare, also
if the numbers of new, unchanged, incomplete or conflicting devices have.

No ledger is opened. With --sandbox the plan uses a copy of the embedded sandbox.

` + exit.Help,
		Example: `  thingpress plan --policy sensors --thing-type sensor reel.csv

  # without an account
  thingpress plan --offline --policy sensors --thing-type sensor reel.csv

  # compare with the devices in AWS
  thingpress plan --compare --policy sensors --thing-type sensor reel.csv

  # save the plan for a review, and carry out what was reviewed
  thingpress plan --out reel.plan.json --policy sensors reel.csv
  thingpress import --plan reel.plan.json

  # print the duration in seconds
  thingpress plan --output json --policy sensors reel.csv | jq .seconds`,
		Args: manifests.RequireOne,
		RunE: func(c *cobra.Command, args []string) error {
			if names := settings.Targets(c.Flags()); len(names) > 1 {
				return planForSeveral(c.Context(), names, c, args, streams)
			}
			return runPlan(c.Context(), &o, c.Flags(), args, streams)
		},
	}
	o.add(c)
	c.Flags().BoolVar(&o.compare, "compare", false, "look every device up in AWS")
	c.Flags().IntVar(&o.examples, "examples", 1, fmt.Sprintf("`number` of devices whose calls to show, at most %d", engine.MaxExamples))
	c.Flags().StringVar(&o.out, "out", "", "save the plan in this `file`, for thingpress import --plan")
	c.Flags().BoolVar(&o.overwrite, "overwrite", false, "let --out replace a file")
	o.target.AddOffline(c)
	settings.AllowSeveralTargets(c)
	return c, &o
}

func runPlan(ctx context.Context, o *planOptions, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
	if o.examples < 0 || o.examples > engine.MaxExamples {
		return exit.UsageError(fmt.Errorf("--examples %d is not between 0 and %d", o.examples, engine.MaxExamples), "")
	}
	if err := o.target.Check(); err != nil {
		return err
	}
	if o.out != "" {
		if err := exit.Occupied(o.out, o.overwrite); err != nil {
			return err
		}
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	settings, err := o.settings(ctx)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, o.output)
	defer printer.Close()
	connection, err := o.target.ConnectToCopy(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer closeConnection(connection, printer, streams)
	if connection.Offline() && o.compare {
		return exit.UsageError(errors.New("--offline cannot be combined with --compare"), "leave out one of them")
	}
	if connection.Offline() && o.out != "" {
		return exit.UsageError(errors.New("--offline cannot be combined with --out"), "plan with the account of the import")
	}
	printer.Note("target: %s", connection)

	files, err := manifests.OpenFiles(ctx, args, o.reading(printer, streams))
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
	// Missing attachments are part of the plan.
	var check *attachmentCheck
	var attached *device.AttachmentReport
	var wrong *device.AttachmentError
	if !connection.Offline() {
		check = newAttachmentCheck(ctx, connection, quotas)
		if attached, err = check.ofImport(settings.Attachments); err != nil && !errors.As(err, &wrong) {
			return err
		}
		settings.CheckVariant = check.ofVariant
	}
	policies, err := newPolicyJudges(ctx, connection, quotas, attached, settings, check)
	if err != nil {
		return err
	}
	scan, err := scanManifests(ctx, sources, settings, policies.watch(manifests.ShowScanning(printer)), &o.runFlags, printer, streams)
	if err := cmp.Or(err, policies.err); err != nil {
		return err
	}
	if check != nil {
		if err := check.wrong(); err != nil && !check.addTo(&wrong) {
			return err
		}
	}
	var comparison *engine.Comparison
	if o.compare && wrong == nil {
		if comparison, err = compareDevices(ctx, sources, scan, settings, connection, quotas, printer); err != nil {
			return err
		}
	}
	printer.Close()

	plan := planOf(scan, connection, quotas.From)
	if plan.Offline = connection.Offline(); !plan.Offline {
		plan.Attachments = attachmentsOf(check, wrong, connection, scan)
	}
	plan.Policies = policies.line()
	if comparison != nil {
		plan.Compared = comparedOf(comparison, scan)
		plan.forecast(quotas.Set, comparison.Calls, scan.Devices)
		plan.Examples = examplesOf(comparison.Examples, scan.Manifests)
	} else {
		plan.forecast(quotas.Set, scan.FreshCalls(quotas.Set).Times(scan.Devices), scan.Devices)
		arns := connection.Target // of the examples
		arns.Region, arns.Account = cmp.Or(arns.Region, "REGION"), cmp.Or(arns.Account, "ACCOUNT")
		plan.Examples = examplesOf(engine.PlanFresh(scan,
			engine.Config{Settings: settings, Target: arns, Limiters: quotas.Limiters()}), scan.Manifests)
	}
	plan.Examples = plan.Examples[:min(o.examples, len(plan.Examples))]
	var created []target.Created
	if check != nil {
		created = check.created
	}
	if o.output == terminal.JSON {
		err = streams.PrintJSON(plan)
	} else {
		err = printPlan(streams, plan, connection, created)
	}
	switch {
	case err != nil:
		return err
	case wrong != nil, plan.Policies.stop(o.ignorePolicy) != nil:
		if o.out != "" {
			plain.Fprintf(streams.Err, "%s was not written: this plan cannot be carried out\n", o.out)
		}
		return exit.Silently(exit.Failure)
	}
	if o.out != "" {
		saved, err := savedPlanOf(reviewed{settings, connection, scan, quotas, check, policies, comparison}, files.Names, flags)
		if err == nil {
			err = saved.write(o.out)
		}
		if err != nil {
			return err
		}
		plain.Fprintf(streams.Err, "to carry it out: thingpress import --plan %s\n", terminal.ShellQuote(o.out))
	}
	switch {
	case scan.Rejected > 0, o.lists.Missing(scan.UnmatchedOnly), comparison != nil && comparison.Conflicts > 0:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// compareDevices looks every device up.
func compareDevices(ctx context.Context, sources []*engine.Source, scan *engine.ScanResult, settings engine.Settings,
	c *target.Connection, quotas target.Quotas, printer *progress.Printer,
) (*engine.Comparison, error) {
	comparison, err := engine.Compare(ctx, engine.Config{
		Settings: settings, Target: c.Target, AWS: c.Client.AWS(), Limiters: quotas.Limiters(),
		Abort: terminal.AbortContext(ctx), Events: showEvents(printer, ""),
	}, sources, scan)
	if err != nil {
		return nil, exit.WithHint(err, StopHint(err))
	}
	return &comparison, nil
}
