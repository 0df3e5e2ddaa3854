package stacks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newReport(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	var format string
	var overwrite bool
	c := &cobra.Command{
		Use:   "report ID [FILE]",
		Short: "Download the report of an import",
		Long: `Download the report of an import, which has one line per entry. It is written to
standard output or to FILE. The extension of FILE selects the format: .jsonl, .csv, .html or
.md. A unique prefix of the ID is enough.`,
		Example: `  thingpress stack report 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d reel-7.csv
  thingpress stack report 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d | jq 'select(.outcome == "failed")'`,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: o.completeImports,
		RunE: func(c *cobra.Command, args []string) error {
			return getReport(c.Context(), o, format, overwrite, args, streams)
		},
	}
	o.add(c)
	c.Flags().BoolVar(&overwrite, "overwrite", false, "replace a FILE that is not the report of the same import")
	c.Flags().StringVar(&format, "format", "jsonl", "`format`: jsonl, csv, html or markdown; the extension of FILE takes precedence")
	return c
}

func getReport(ctx context.Context, o stackFlags, format string, overwrite bool, args []string, streams terminal.Streams) error {
	ending := "." + strings.TrimPrefix(format, ".")
	if len(args) > 1 {
		ending = filepath.Ext(args[1])
	}
	if ending == ".markdown" {
		ending = ".md"
	}
	if err := report.CheckFormat(ending); err != nil {
		return exit.UsageError(fmt.Errorf("report: %w", err), "")
	}
	if len(args) == 1 && ending == ".html" && streams.OutTerminal {
		return exit.UsageError(errors.New("HTML is not for a terminal"), "name a file for the page after the ID")
	}
	if len(args) > 1 {
		if _, err := exit.OccupiedReport(args[1], overwrite); err != nil {
			return err
		}
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	chosen, err := o.chooseImport(ctx, stack, args[0])
	if err != nil {
		return err
	}
	id := chosen.Job.Import
	if len(args) > 1 {
		found, err := exit.OccupiedReport(args[1], overwrite)
		if err == nil {
			err = exit.OtherReport(args[1], found, id)
		}
		if err != nil {
			return err
		}
	}
	to := streams.Out
	if !streams.OutTerminal {
		to = terminal.Raw(to)
	}
	write := func(to io.Writer) error { return stack.Report(ctx, id, ending, to) }
	if ending != ".jsonl" && ending != ".csv" || chosen.Job.Command != nil {
		if write, err = pageOf(ctx, stack, chosen, ending); err != nil {
			return err
		}
	}
	if len(args) > 1 {
		err = newfile.Write(args[1], write)
	} else {
		err = write(to)
	}
	if err == nil && len(args) > 1 && o.output == terminal.JSON {
		err = streams.PrintJSON(reportLine{"report", id, args[1]})
	}
	if errors.Is(err, operate.ErrNoReport) {
		return exit.WithHint(err, "it is written when the import ends; wait with thingpress stack import --follow "+id+o.naming())
	}
	return err
}

// pageOf returns what writes a report that the stack has not written, from its ledger.
func pageOf(ctx context.Context, stack *operate.Stack, i operate.Import, ending string) (func(io.Writer) error, error) {
	if i.Record == nil {
		return nil, fmt.Errorf("import %s is %s; %w", i.Job.Import, i.State(), operate.ErrNoReport)
	}
	l, err := stack.Ledger()
	if err != nil {
		return nil, err
	}
	source := report.Source{
		Import:  *i.Record,
		Advised: advisedOf(i, stack.Name),
		Records: func() iter.Seq2[ledger.Record, error] { return l.Records(ctx, i.Job.Import) },
	}
	return func(to io.Writer) error { return source.Write(to, ending) }, nil
}

// A reportLine is a downloaded report as JSON.
type reportLine struct {
	Type   string `json:"type"`
	Import string `json:"import"`
	File   string `json:"file"`
}
