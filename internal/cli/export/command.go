// Package export has `thingpress export`, which writes a manifest of what an account and region holds.
package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

type options struct {
	target target.Flags
	quotas target.QuotaFlags

	group, query string

	out, report      string
	overwrite, quiet bool
	fresh            bool
	output           terminal.Output
}

// NewCommand returns `thingpress export`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "export",
		Short: "Write a manifest of the devices that an account holds",
		Long: `Write a manifest of the devices that an account and region holds: every certificate that
is attached to a thing, with the name, type, attributes, thing groups and billing group
of the thing, and the policies and status of the certificate. 'thingpress import' of the
manifest into another account or region registers the same certificates there, so that
the devices can connect to it. Policies, types and groups must exist there.

Without --group and --query everything is exported. What cannot be is counted and named,
and the exit code is 3: things without a certificate, certificates without a thing,
certificates that are neither ACTIVE nor INACTIVE, principals that are not certificates.

A manifest names each thing and each certificate once. Of a thing that has several
certificates, the newest ACTIVE one is in --out, and the others are in files next to it,
such as fleet-2.json, which 'thingpress import --adopt' attaches beside the first one.

AWS returns one certificate per call, which is 10 per second at the default quota. Nothing
is changed, and the files appear when they are complete. After an interruption the same
command continues where it stopped.

` + exit.Help,
		Example: `  # everything in the account and region of a profile
  thingpress export --profile old --region eu-west-1 --out fleet.json

  # the things of a group and of the groups below it
  thingpress export --group line-7 --out line-7.json

  # what matches a query of fleet indexing
  thingpress export --query 'thingTypeName:pump AND attributes.site:north' --out pumps.json

  # move them: the settings of each device are in the manifest
  thingpress plan --profile new --region eu-central-1 fleet.json
  thingpress import --profile new --region eu-central-1 fleet.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.out == "-" {
				o.out = "" // standard output
			}
			return runExport(c.Context(), &o, streams)
		},
	}
	o.target.Add(c)
	c.Flags().Lookup("strict-names").Hidden = true // nothing is created
	o.quotas.Add(c)
	flags := c.Flags()
	flags.Lookup("share").Usage = "`fraction` of every quota that the export may use, above 0 and up to 1"
	flags.StringVar(&o.group, "group", "", "only things of the thing group `name` and of the groups below it")
	flags.StringVar(&o.query, "query", "", "only things that match this `query` of fleet indexing")
	flags.StringVar(&o.out, "out", "", "`file` to write, - for stdout (default: standard output)")
	flags.StringVar(&o.report, "report", "", "write what is left out to this `file`, .jsonl or .csv")
	flags.BoolVar(&o.fresh, "new", false, "start again instead of resuming the same export after an interruption")
	flags.BoolVar(&o.overwrite, "overwrite", false, "replace files")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	o.output.AddFlag(c)
	return c
}

// check returns an error if flags contradict each other, or a file would be replaced.
func (o *options) check() error {
	switch {
	case o.group != "" && o.query != "":
		return exit.UsageError(errors.New("--group and --query cannot be combined"),
			"choose the group in the query, such as --query 'thingGroupNames:NAME AND …'")
	case o.out == "" && o.output == terminal.JSON:
		return exit.UsageError(errors.New("--output json and the manifest cannot both be on standard output"), "name a file with --out")
	}
	if o.report != "" {
		if _, err := report.New(io.Discard, filepath.Ext(o.report)); err != nil {
			return exit.UsageError(fmt.Errorf("report %s: %w", o.report, err), "name a file that ends in .jsonl or .csv")
		}
		if err := exit.Occupied(o.report, o.overwrite); err != nil {
			return err
		}
	}
	if o.out == "" {
		return nil
	}
	for sheet := range maxSheets {
		if err := exit.Occupied(sheetPath(o.out, sheet), o.overwrite); err != nil {
			return err
		}
	}
	return newfile.Check(o.out)
}

// maxSheets is the number of files of one export.
const maxSheets = 16

// sheetPath returns the path of a sheet: fleet.json, fleet-2.json and so on.
func sheetPath(out string, sheet int) string {
	if sheet == 0 {
		return out
	}
	ext := filepath.Ext(out)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(out, ext), sheet+1, ext)
}

func runExport(ctx context.Context, o *options, streams terminal.Streams) error {
	if err := cmp.Or(o.target.Check(), o.check()); err != nil {
		return err
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, o.output)
	defer printer.Close()
	connection, err := o.target.ConnectToCopy(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // nothing was written
	printer.Note("source: %s", connection)
	quotas, err := o.quotas.Resolve(ctx, connection.Client, overrides)
	if err != nil {
		return err
	}
	limiters := quotas.Limiters()
	journal, resumes, err := o.openJournal(connection.Target)
	if err != nil {
		return err
	}
	x := engine.Exporting{Group: o.group, Query: o.query, Inventory: connection.Client, Sheets: maxSheets, Write: journal.write}
	if o.out == "" {
		x.Sheets = 1
	}
	if resumes {
		printer.Note("resuming the export in %s; --new starts again", journal.path)
		x.Earlier = journal.things
	}
	left := &leftOut{streams: streams, json: o.output == terminal.JSON, byReason: map[manifest.Reason]*reasonLine{}}
	x.Left = left.add
	var found engine.Exported
	ended := left.intoReport(o.report, func() error {
		events, stop := imports.LaterEvents(ctx, printer, streams.Log, limiters, "exporting")
		defer stop()
		var err error
		found, err = engine.Export(ctx, engine.Config{
			Target: connection.Target, AWS: connection.Client.AWS(), Limiters: limiters, Abort: terminal.AbortContext(ctx),
			Events: func(e engine.Event) {
				if x, ok := e.(engine.Exports); ok {
					printer.Update(statusOf(x))
					return
				}
				events(e)
			},
		}, x)
		return err
	})
	printer.Close()
	line := lineOf(o, connection, found, left)
	switch {
	case ended == nil && o.out == "":
		ended = journal.copyTo(terminal.Raw(streams.Out))
	case ended == nil:
		line.Files, ended = journal.writeFiles(o.out)
	}
	if journal.close(ended != nil) && !journal.bad {
		line.Partial = journal.path
	}
	line.end(ended)
	if err := errors.Join(line.print(o, streams), left.failed); err != nil {
		return err
	}
	return line.exit()
}
