package imports

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
)

type planOptions struct {
	runFlags
	compare bool
}

// NewPlan returns `thingpress plan`.
func NewPlan(streams terminal.Streams) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan MANIFEST…",
		Short: "Show what an import would do, and how long it would take",
		Long: `Show what an import with the same flags would do, without changing anything. The
plan has the number of devices and rejected entries, missing attachments, the calls
per operation, the duration, the quota that limits it, and the duration with that
quota doubled. For a few devices it lists every call. MANIFEST "-" is standard input.

With --compare every device is looked up in AWS, and the plan counts how many are
new, unchanged, incomplete or in conflict.

No ledger is opened. With --sandbox the plan uses a copy of the embedded sandbox.

` + exit.Help,
		Example: `  thingpress plan --policy sensors --thing-type sensor reel.csv

  # compare with the devices in AWS
  thingpress plan --compare --policy sensors --thing-type sensor reel.csv

  # print the duration in seconds
  thingpress plan --output json --policy sensors reel.csv | jq .seconds`,
		Args: manifests.RequireOne,
		RunE: func(c *cobra.Command, args []string) error { return runPlan(c.Context(), &o, args, streams) },
	}
	o.add(c)
	c.Flags().BoolVar(&o.compare, "compare", false, "look every device up in AWS")
	return c
}

func runPlan(ctx context.Context, o *planOptions, args []string, streams terminal.Streams) error {
	if err := o.target.Check(); err != nil {
		return err
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	settings, err := o.settings()
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
	printer.Note("target: %s", connection)

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
	// Missing attachments are part of the plan.
	attached, created, err := checkAttachments(ctx, connection, quotas, settings.Attachments)
	var wrong *device.AttachmentError
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	var comparison *engine.Comparison
	if o.compare && wrong == nil {
		if comparison, err = compareDevices(ctx, sources, scan, settings, connection, quotas, printer); err != nil {
			return err
		}
	}
	printer.Close()

	plan := planOf(scan, connection, quotas.From)
	plan.Attachments = attachmentsOf(attached, wrong)
	if comparison != nil {
		plan.Compared = comparedOf(comparison, scan)
		plan.forecast(quotas.Set, comparison.Calls, scan.Devices)
		plan.Examples = examplesOf(comparison.Examples, scan.Manifests)
	} else {
		plan.forecast(quotas.Set, freshCalls(quotas.Set, settings.Attachments, scan.Devices), scan.Devices)
		plan.Examples = examplesOf(engine.PlanFresh(scan,
			engine.Config{Settings: settings, Target: connection.Target, Limiters: quotas.Limiters()}), scan.Manifests)
	}
	if o.output == terminal.JSON {
		err = streams.PrintJSON(plan)
	} else {
		err = printPlan(streams.Out, plan, connection, created)
	}
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return exit.Silently(exit.Failure)
	case scan.Rejected > 0, o.lists.missing(scan.UnmatchedOnly), comparison != nil && comparison.Conflicts > 0:
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
		return nil, exit.WithHint(err, stopHint(err))
	}
	return &comparison, nil
}
