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
		Short: "Say what an import would do, and how long it would take",
		Long: `Decode every entry of the manifests, check the attachments, and print what an import
with the same flags would do: devices, rejected entries, calls per operation, the
quota that binds, how long it takes and what doubling that quota would give, and for
a few devices exactly the calls that would be made. MANIFEST "-" is standard input.

With --compare every device is looked up: new, unchanged, to be completed, or in
conflict. Many devices are read in pages.

Nothing is ever changed, and no ledger is opened. With --sandbox it looks at a copy
of the embedded sandbox.

` + exit.Help,
		Example: `  thingpress plan --policy sensors --thing-type sensor reel.csv

  # what is there already
  thingpress plan --compare --policy sensors --thing-type sensor reel.csv

  # for a script
  thingpress plan --output json --policy sensors reel.csv | jq .seconds`,
		Args: cobra.MinimumNArgs(1),
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
	printer := streams.Progress(o.quiet)
	defer printer.Close()
	connection, err := o.target.ConnectToCopy(ctx)
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
	// What is wrong with the attachments is part of the plan.
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
		plan.Compared = comparedOf(comparison)
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
	case scan.Rejected > 0, comparison != nil && comparison.Conflicts > 0:
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
