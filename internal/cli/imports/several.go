package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

// A targetImport is the import into one of several targets, and how it ended.
type targetImport struct {
	*oneImport
	line report.Summary // empty if the import did not begin
	err  error          // nil if all is as wanted
}

// onlyOne are flags of one import, which several cannot share.
var onlyOne = []string{"resume", "plan", "report", "ledger", "metrics"}

// importIntoSeveral imports manifests into several targets, one after the other. The first pass is made once
// for all targets that want the same of the devices. An error of one target does not concern the others.
func importIntoSeveral(ctx context.Context, names []string, c *cobra.Command, args []string, streams terminal.Streams) error {
	for _, name := range onlyOne {
		if c.Flags().Changed(name) {
			return exit.UsageError(fmt.Errorf("--%s cannot be combined with several targets", name),
				"leave it out; the same command line resumes each import, and thingpress report writes a report of each")
		}
	}
	all, err := eachTarget(ctx, names, c, streams)
	if err != nil {
		return err
	}
	o := all[0].o
	printer := streams.Progress(o.quiet, o.output)
	defer func() { printer.Close() }()
	defer func() {
		for _, t := range all {
			if t.connection != nil {
				t.close()
			}
		}
	}()
	for _, t := range all {
		t.printer = printer
		t.err = t.connect(ctx)
		t.report(ctx)
	}
	if err := refuseEqual(all); err != nil {
		return err
	}
	for _, t := range all {
		if t.err == nil {
			t.err = t.open(ctx, args)
			t.report(ctx)
		}
	}
	files, err := manifests.OpenFiles(ctx, args, o.reading(printer, streams))
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	for _, t := range all {
		t.args = files.Names
	}
	sources := map[*targetImport][]*engine.Source{}
	for _, alike := range wantingAlike(all) {
		read, err := manifests.OpenSources(ctx, files.Inputs, alike[0].o.decode.Vendor, alike[0].settings.Decode, printer)
		if err == nil {
			err = firstPass(ctx, alike, read)
		}
		if err != nil {
			return notBegun(ctx, err)
		}
		for _, t := range alike {
			sources[t] = read
		}
	}
	if !o.dryRun {
		if err := confirmAll(all, printer, streams); err != nil {
			return err
		}
	}
	for _, t := range all {
		switch {
		case t.err != nil || o.dryRun:
			continue
		case ctx.Err() != nil:
			t.err = exit.InterruptedError("interrupted before anything was changed", "")
			continue
		}
		t.printer = streams.Progress(o.quiet, o.output)
		t.printer.Note("%s", t.into())
		t.line, t.err = t.carryOut(ctx, sources[t])
		t.printer.Close()
		t.report(ctx)
	}
	printer.Close()
	return endSeveral(all, streams)
}

// eachTarget returns an import for each target, with the flags that it has there.
func eachTarget(ctx context.Context, names []string, c *cobra.Command, streams terminal.Streams) (all []*targetImport, err error) {
	for _, name := range names {
		one, o := newImport(streams)
		if err := settings.ForTarget(one.Flags(), c.Flags(), c.CommandPath(), name, streams); err != nil {
			return nil, err
		}
		t := &targetImport{oneImport: &oneImport{o: o, flags: one.Flags(), streams: streams, name: name}}
		if o.ledger != "" {
			for _, other := range all {
				if absolute(other.o.ledger) == absolute(o.ledger) {
					return nil, exit.UsageError(fmt.Errorf("targets %s and %s have one ledger", other.name, name), "give each a ledger of its own")
				}
			}
		}
		if err := t.checkFlags(ctx); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// refuseEqual returns an error if two targets are one account and region.
func refuseEqual(all []*targetImport) error {
	for n, t := range all {
		for _, other := range all[:n] {
			if t.err == nil && other.err == nil && t.connection.Target == other.connection.Target {
				return exit.UsageError(fmt.Errorf("targets %s and %s are the same: %s", other.name, t.name, t.connection), "leave out one of them")
			}
		}
	}
	return nil
}

// wantingAlike returns the targets without an error, together with those that want the same of the devices.
func wantingAlike(all []*targetImport) (groups [][]*targetImport) {
	var keys []string
	for _, t := range all {
		if t.err != nil {
			continue
		}
		text, err := json.Marshal(t.settings)
		if t.err = err; err != nil {
			continue
		}
		key := t.o.decode.Vendor + "\x00" + string(text)
		if n := slices.Index(keys, key); n >= 0 {
			groups[n] = append(groups[n], t)
			continue
		}
		keys, groups = append(keys, key), append(groups, []*targetImport{t})
	}
	return groups
}

// confirmAll asks once for all targets that are to be asked about.
func confirmAll(all []*targetImport, printer *progress.Printer, streams terminal.Streams) error {
	var questions []string
	for _, t := range all {
		if t.err != nil {
			continue
		}
		if question := t.question(); question != "" {
			questions = append(questions, question)
		}
	}
	if len(questions) == 0 {
		return nil
	}
	printer.Pause()
	for _, question := range questions {
		printer.Note("%s", question)
	}
	if streams.Confirm(fmt.Sprintf("begin with %s?", progress.Plural(len(questions), "target", "targets"))) {
		return nil
	}
	return exit.NotConfirmed("nothing was imported")
}

// report prints what keeps the import into a target from being carried out, as soon as that is known. How an
// import ended, its summary says.
func (t *targetImport) report(ctx context.Context) {
	if t.err == nil || t.err.Error() == "" {
		return
	}
	t.err = notBegun(ctx, t.err)
	t.printer.Pause()
	t.streams.PrintError(t.name+": "+t.err.Error(), exit.Hint(t.err))
}

// A targetLine is how the import into one of several targets ended, as JSON.
type targetLine struct {
	target.Outcome
	Import string `json:"import,omitempty"`
	ledger.Counts
	Pending int `json:"pending"`
}

// Numbers implements [target.Line] with the numbers of numberColumns.
func (l targetLine) Numbers() []int {
	return []int{l.Imported, l.Unchanged, l.Failed, l.Rejected, l.Skipped, l.Pending}
}

// numberColumns are the columns of a table of several targets that have the numbers of imports.
var numberColumns = []terminal.Column{
	{Name: "IMPORTED", Number: true},
	{Name: "UNCHANGED", Number: true},
	{Name: "FAILED", Number: true},
	{Name: "REJECTED", Number: true},
	{Name: "SKIPPED", Number: true, Drop: 4},
	{Name: "PENDING", Number: true},
}

// lineOfTarget returns how the import into a target ended.
func (t *targetImport) lineOfTarget() targetLine {
	l := targetLine{
		Outcome: target.Outcome{
			Name: t.name, State: target.NotBegun, Seconds: t.line.Seconds, Error: t.line.Error, Hint: t.line.Hint,
		},
		Import: t.line.Import, Counts: t.line.Counts, Pending: t.line.Pending,
	}
	l.Ended(t.err)
	if t.connection != nil {
		to := t.connection.Target
		l.Target = &to
	}
	switch {
	case t.line.State != "":
		l.State = string(t.line.State)
	case t.err != nil:
		l.Error, l.Hint = t.err.Error(), exit.Hint(t.err)
	case t.o.dryRun:
		l.State = "dry run"
	}
	if t.scan != nil && t.line.State == "" {
		l.Entries, l.Pending = t.scan.Entries, t.scan.Entries
	}
	return l
}

// endSeveral prints the table of all targets, and returns the error that the command ends with.
func endSeveral(all []*targetImport, streams terminal.Streams) error {
	var lines []target.Line
	for _, t := range all {
		lines = append(lines, t.lineOfTarget())
	}
	return target.EndSeveral(lines, numberColumns, all[0].o.output, streams)
}

// planForSeveral makes a plan for each target.
func planForSeveral(ctx context.Context, names []string, c *cobra.Command, args []string, streams terminal.Streams) error {
	if slices.Contains(args, "-") {
		return exit.UsageError(errors.New("standard input can be read for one target only"), "plan with files")
	}
	if c.Flags().Changed("out") {
		return exit.UsageError(errors.New("--out cannot be combined with several targets"), "save a plan for each target")
	}
	var codes []int
	for n, name := range names {
		one, o := newPlan(streams)
		if err := settings.ForTarget(one.Flags(), c.Flags(), c.CommandPath(), name, streams); err != nil {
			return err
		}
		if o.output != terminal.JSON {
			if n > 0 {
				fmt.Fprintln(streams.Out)
			}
			plain.Fprintf(streams.Out, "%s\n", name)
		}
		err := runPlan(ctx, o, one.Flags(), args, streams)
		code := exit.Code(err)
		switch {
		case code == exit.Usage, code == exit.Interrupted, ctx.Err() != nil:
			return err
		case err != nil && err.Error() != "":
			streams.PrintError(name+": "+err.Error(), exit.Hint(err))
		}
		codes = append(codes, code)
	}
	return exit.Silently(exit.Worst(codes))
}
