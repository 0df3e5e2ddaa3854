package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/report"
)

type reportOptions struct {
	ledger           string
	format           string
	failed, rejected bool
	asManifest       string
	manifest         string
	objects          manifests.ObjectFlags
	overwrite        bool
	output           terminal.Output
}

// reportFormats are the names of the formats, with the extensions of their files.
var reportFormats = []struct{ name, extension string }{{"jsonl", ".jsonl"}, {"csv", ".csv"}, {"html", ".html"}, {"markdown", ".md"}}

// NewReport returns `thingpress report`.
func NewReport(streams terminal.Streams) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report IMPORT [FILE]",
		Short: "Write the report of an import",
		Long: `Write the report of an import of this machine to FILE, or to standard output. The
extension of FILE, .jsonl, .csv, .html or .md, selects the format. IMPORT is an
ID from 'thingpress imports' or a unique prefix of one. The import may be running. The
report of a replacement, which has an ID too, is JSON Lines or CSV.

JSON Lines and CSV have a line for each entry. HTML is one page that needs no
network: the numbers, the rate over time, why entries were not imported and what to
do about it, and a list of all devices with a search. Markdown is for tickets: the
numbers, the reasons, and up to 500 failed and rejected entries.

With --as-manifest the failed and rejected entries are written in the format of their
manifest, byte for byte, for the vendor or for another import; with --rejected only
the rejected ones. The manifest is read again, and must be the one that was imported.

AWS is not called.

` + exit.Help,
		Example: `  thingpress report 0199f1c2 reel-7.html

  # the devices that failed, for a spreadsheet
  thingpress report --failed 0199f1c2 failed.csv

  thingpress report 0199f1c2 --format jsonl | jq 'select(.outcome == "failed")'

  # what to send to the vendor
  thingpress report --failed --as-manifest retry.csv 0199f1c2`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error { return runReport(c.Context(), &o, args, streams) },
	}
	flags := c.Flags()
	flags.StringVar(&o.ledger, "ledger", "", "ledger `file` of the import (default: all ledgers of this machine)")
	flags.StringVar(&o.format, "format", "jsonl", "`format`: "+strings.Join(reportNames(),
		", ")+"; the extension of FILE takes precedence")
	flags.BoolVar(&o.failed, "failed", false, "list only failed entries; with --rejected, both")
	flags.BoolVar(&o.rejected, "rejected", false, "list only rejected entries")
	flags.StringVar(&o.asManifest, "as-manifest", "",
		"write the failed and rejected entries to this `file`, in the format of their manifest")
	flags.StringVar(&o.manifest, "manifest", "", "`file` that has the manifest for --as-manifest now (default: where it was)")
	o.objects.Add(flags)
	flags.BoolVar(&o.overwrite, "overwrite", false, "replace a file that is not the report of the same import")
	manifests.Complete(c, "format", reportNames())
	o.output.AddFlag(c)
	c.ValidArgsFunction = CompleteIDs(1, cobra.ShellCompDirectiveDefault)
	return c
}

func reportNames() (names []string) {
	for _, f := range reportFormats {
		names = append(names, f.name)
	}
	return names
}

// extension returns the extension of the format to write.
func (o *reportOptions) extension(args []string) (string, error) {
	if len(args) > 1 {
		extension := filepath.Ext(args[1])
		if err := report.CheckFormat(extension); err != nil {
			return "", exit.UsageError(fmt.Errorf("%s: %w", args[1], err), "")
		}
		return extension, nil
	}
	for _, f := range reportFormats {
		if f.name == o.format || f.extension == o.format {
			return f.extension, nil
		}
	}
	return "", exit.UsageError(fmt.Errorf("--format %q is none of %s", o.format, strings.Join(reportNames(), ", ")), "")
}

// outcomes returns the outcomes of the entries to list, nil for all.
func (o *reportOptions) outcomes() (list []ledger.Outcome) {
	if o.failed {
		list = append(list, ledger.Failed)
	}
	if o.rejected {
		list = append(list, ledger.Rejected)
	}
	return list
}

// A writtenLine is a written report as JSON.
type writtenLine struct {
	Type   string `json:"type"`
	Import string `json:"import"`
	File   string `json:"file"`
}

func runReport(ctx context.Context, o *reportOptions, args []string, streams terminal.Streams) (err error) {
	if o.asManifest != "" && len(args) > 1 || o.asManifest == "" && o.manifest != "" {
		return exit.UsageError(errors.New("--as-manifest and FILE exclude each other, and --manifest is for --as-manifest"), "")
	}
	extension, err := o.extension(args)
	if err != nil {
		return err
	}
	if len(args) == 1 && o.asManifest == "" && extension == ".html" && streams.OutTerminal {
		return exit.UsageError(errors.New("HTML is not for a terminal"),
			fmt.Sprintf("name a file: thingpress report %s %s.html", args[0], args[0]))
	}
	chosen, err := ChooseWithReplacements(ctx, args[0], o.ledger)
	if err != nil {
		return err
	}
	if chosen.Verb != "" && (o.asManifest != "" || extension != ".jsonl" && extension != ".csv") {
		return exit.UsageError(fmt.Errorf("%s is a replacement, whose report is JSON Lines or CSV", chosen.ID),
			"thingpress report --format csv "+chosen.ID)
	}
	if len(args) > 1 {
		found, err := exit.OccupiedReport(args[1], o.overwrite)
		if err == nil {
			err = exit.OtherReport(args[1], found, chosen.ID)
		}
		if err != nil {
			return err
		}
	}
	reader, err := sqlite.OpenReadOnly(ctx, chosen.Path)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // it was only read
	if o.asManifest != "" {
		return o.writeManifest(ctx, chosen, reader, streams)
	}
	source := sourceOf(ctx, chosen.Import, reader)
	source.Outcomes = o.outcomes()
	if len(args) == 1 {
		to := streams.Out
		if !streams.OutTerminal {
			to = terminal.Raw(to)
		}
		return source.Write(to, extension)
	}
	if err := newfile.Write(args[1], func(to io.Writer) error { return source.Write(to, extension) }); err != nil {
		return fmt.Errorf("report %s: %w", args[1], err)
	}
	if o.output == terminal.JSON {
		return streams.PrintJSON(writtenLine{"report", chosen.ID, args[1]})
	}
	return nil
}
