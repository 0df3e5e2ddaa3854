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

// checkFlags returns an error if flags cannot be used, or --out names a file that must not be replaced.
func (o *planOptions) checkFlags() error {
	if o.examples < 0 || o.examples > engine.MaxExamples {
		return exit.UsageError(fmt.Errorf("--examples %d is not between 0 and %d", o.examples, engine.MaxExamples), "")
	}
	if o.out == "-" {
		return exit.UsageError(errors.New("--out: a plan is not saved to standard output, which has the plan for people"), "name a file")
	}
	if err := o.target.Check(); err != nil || o.out == "" {
		return err
	}
	return exit.Occupied(o.out, o.overwrite)
}

func runPlan(ctx context.Context, o *planOptions, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
	if err := o.checkFlags(); err != nil {
		return err
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
	switch {
	case connection.Offline() && o.compare:
		return exit.UsageError(errors.New("--offline cannot be combined with --compare"), "leave out one of them")
	case connection.Offline() && o.out != "":
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
	r := reviewed{settings: settings, connection: connection}
	if r.quotas, err = o.quotas.Resolve(ctx, connection.Client, overrides); err != nil {
		return err
	}
	wrong, err := o.review(ctx, &r, sources, printer, streams)
	if err != nil {
		return err
	}
	printer.Close()

	plan := r.plan(wrong)
	plan.Examples = plan.Examples[:min(o.examples, len(plan.Examples))]
	if err := o.print(plan, r, streams); err != nil {
		return err
	}
	if wrong != nil || plan.Policies.stop(o.ignorePolicy) != nil {
		if o.out != "" {
			plain.Fprintf(streams.Err, "%s was not written: this plan cannot be carried out\n", o.out)
		}
		return exit.Silently(exit.Failure)
	}
	if o.out != "" {
		saved, err := savedPlanOf(r, files.Names, flags)
		if err == nil {
			err = saved.write(o.out)
		}
		if err != nil {
			return err
		}
		plain.Fprintf(streams.Err, "to carry it out: thingpress import --plan %s\n", terminal.ShellQuote(o.out))
	}
	if r.scan.Rejected > 0 || o.lists.Missing(r.scan.UnmatchedOnly) || r.comparison != nil && r.comparison.Conflicts > 0 {
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// review reads the manifests, and what the plan needs of the registry. Attachments that cannot be used are part of the
// plan, and returned.
func (o *planOptions) review(ctx context.Context, r *reviewed, sources []*engine.Source, printer *progress.Printer,
	streams terminal.Streams,
) (wrong *device.AttachmentError, err error) {
	var attached *device.AttachmentReport
	if !r.connection.Offline() {
		r.check = newAttachmentCheck(ctx, r.connection, r.quotas)
		if attached, err = r.check.ofImport(r.settings.Attachments); err != nil && !errors.As(err, &wrong) {
			return nil, err
		}
		r.settings.CheckVariant = r.check.ofVariant
	}
	if r.policies, err = newPolicyJudges(ctx, r.connection, r.quotas, attached, r.settings, r.check); err != nil {
		return nil, err
	}
	show := r.policies.watch(manifests.ShowScanning(printer))
	r.scan, err = scanManifests(ctx, sources, r.settings, show, &o.runFlags, printer, streams)
	if err := cmp.Or(err, r.policies.err); err != nil {
		return nil, err
	}
	if r.check != nil {
		if err := r.check.wrong(); err != nil && !r.check.addTo(&wrong) {
			return nil, err
		}
	}
	if o.compare && wrong == nil {
		r.comparison, err = r.compare(ctx, sources, printer)
	}
	return wrong, err
}

// plan returns the plan with the examples of it. Wrong are the attachments that cannot be used, or nil.
func (r *reviewed) plan(wrong *device.AttachmentError) planLine {
	plan := planOf(r.scan, r.connection, r.quotas.From)
	if plan.Offline = r.connection.Offline(); !plan.Offline {
		plan.Attachments = attachmentsOf(r.check, wrong, r.connection, r.scan)
	}
	plan.Policies = r.policies.line()
	if r.comparison != nil {
		plan.Compared = comparedOf(r.comparison, r.scan)
		plan.forecast(r.quotas.Set, r.comparison.Calls, r.scan.Devices)
		plan.Examples = examplesOf(r.comparison.Examples, r.scan.Manifests)
		return plan
	}
	plan.forecast(r.quotas.Set, r.scan.FreshCalls(r.quotas.Set).Times(r.scan.Devices), r.scan.Devices)
	arns := r.connection.Target // of the examples
	arns.Region, arns.Account = cmp.Or(arns.Region, "REGION"), cmp.Or(arns.Account, "ACCOUNT")
	plan.Examples = examplesOf(engine.PlanFresh(r.scan,
		engine.Config{Settings: r.settings, Target: arns, Limiters: r.quotas.Limiters()}), r.scan.Manifests)
	return plan
}

// print prints a plan on standard output.
func (o *planOptions) print(plan planLine, r reviewed, streams terminal.Streams) error {
	if o.output == terminal.JSON {
		return streams.PrintJSON(plan)
	}
	var created []target.Created
	if r.check != nil {
		created = r.check.created
	}
	return printPlan(streams, plan, r.connection, created)
}

// compare looks every device up.
func (r *reviewed) compare(ctx context.Context, sources []*engine.Source, printer *progress.Printer) (*engine.Comparison, error) {
	comparison, err := engine.Compare(ctx, engine.Config{
		Settings: r.settings, Target: r.connection.Target, AWS: r.connection.Client.AWS(), Limiters: r.quotas.Limiters(),
		Abort: terminal.AbortContext(ctx), Events: showEvents(printer, ""),
	}, sources, r.scan)
	if err != nil {
		return nil, exit.WithHint(err, StopHint(err))
	}
	return &comparison, nil
}
