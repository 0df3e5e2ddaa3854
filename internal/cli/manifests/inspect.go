package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/spool"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/container"
	"github.com/thingpress/thingpress/manifest/vendors"
)

type inspectOptions struct {
	Flags
	all, rejected bool
	limit         int
	objects       ObjectFlags
	output        terminal.Output
	quiet         bool
}

// NewInspect returns `thingpress inspect`.
func NewInspect(streams terminal.Streams) *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect MANIFEST…",
		Short: "Decode and check manifests without calling AWS",
		Long: `Decode every entry of the manifests and check it as an import would, without
calling AWS. Shows what each manifest contains, and the rejected entries, the skipped
ones and the warnings by reason, with the first devices of each. --all lists every
entry. JSON always has every entry. MANIFEST "-" is standard input, and
s3://BUCKET/KEY?versionId=ID an object in S3. A directory, a ZIP or tar archive and a
gzip file are opened.

` + exit.Help,
		Example: `  thingpress inspect reel.csv

  # all files in a directory or an archive, as one manifest
  thingpress inspect certificates/
  thingpress inspect export.zip reels.tar.gz

  # an object in S3
  thingpress inspect s3://factory-7/2026/reel-7.csv

  # list every entry, or every rejected one
  thingpress inspect --all reel.csv
  thingpress inspect --rejected reel.csv > rejected.tsv

  thingpress inspect --signer signers/ --output json manifest.json
  thingpress inspect --bundle E0E2 reel.7z`,
		Args: RequireOne,
		RunE: func(c *cobra.Command, args []string) error {
			typed := func(flag string) bool { return config.SourceOf(c.Flags().Lookup(flag)).From == config.FromFlag }
			if o.output == terminal.JSON && (typed("all") || typed("rejected") || typed("limit")) {
				return exit.UsageError(errors.New("--output json cannot be combined with --all, --rejected or --limit"),
					"leave them out; JSON has every entry")
			}
			if o.output == terminal.JSON { // the environment and the config file may set them for other commands
				o.all, o.rejected = false, false
			}
			if !c.Flags().Changed("limit") && (o.all || o.rejected) {
				o.limit = 0
			}
			return inspect(c.Context(), o, args, streams)
		},
	}
	o.Add(c)
	flags := c.Flags()
	o.objects.Add(flags)
	flags.BoolVar(&o.all, "all", false, "list every entry in a table")
	flags.BoolVar(&o.rejected, "rejected", false, "list every rejected entry in a table")
	flags.IntVar(&o.limit, "limit", 3,
		"maximum `number` of entries to show of each reason, or in the table, which has no limit by default; 0 for no limit")
	o.output.AddFlag(c)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	return c
}

func (o *inspectOptions) check() error {
	switch {
	case o.all && o.rejected:
		return exit.UsageError(errors.New("--all cannot be combined with --rejected"), "leave out --rejected; --all has every entry")
	case o.limit < 0:
		return exit.UsageError(fmt.Errorf("--limit %d is negative", o.limit), "")
	}
	return nil
}

func inspect(ctx context.Context, o inspectOptions, args []string, streams terminal.Streams) error {
	if err := o.check(); err != nil {
		return err
	}
	options, err := o.Options(ctx)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	files, err := OpenFiles(ctx, args, Reading{Stdin: streams.In, Objects: o.objects, Printer: printer})
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read

	judge, several, listed, examples := engine.NewJudge(engine.Settings{Decode: options}), len(files.Inputs) > 1, 0, o.limit
	if o.all || o.rejected {
		examples = 1 // the table has them
	}
	var read []inspected
	var broken []*manifest.FileError
	for _, in := range files.Inputs {
		judge.Begin(in.Name)
		manifestRead, before := inspected{name: in.Name}, listed
		decoder, err := vendors.Choose(ctx, in, o.Vendor, options)
		if err == nil {
			manifestRead.vendor = decoder.Vendor()
			err = HoldBack(streams.Out, printer, func(held io.Writer) error {
				list := o.newEntryPrinter(held, streams.TableWidth(), several || container.Is(decoder), &listed)
				ended := inspectEntries(ctx, decoder.Decode(ctx, in, options), judge, &manifestRead, examples, list, printer)
				return errors.Join(ended, list.flush())
			})
		}
		var file *manifest.FileError
		switch {
		case errors.As(err, &file):
			broken = append(broken, file)
		case err != nil:
			return err
		}
		if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
			listed = before
			continue
		}
		if manifestRead.vendor != "" { // else it is not a manifest
			read = append(read, manifestRead)
		}
	}
	o.NoteSigners(printer, judge.Names)
	total := summaryOf(read, judge.Remedies())
	printer.Pause()
	if o.output == terminal.JSON {
		err = newEntryLines(streams.Out).end(broken, total)
	} else {
		err = o.print(read, total, problemsOf(read, judge.Remedies(), examples), streams)
	}
	switch {
	case err != nil:
		return err
	case len(broken) > 0:
		return exit.WithHint(joined(broken), BreakHint(broken[0], advice.CLI))
	case total.Rejected > 0:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// print prints for people what the manifests contain. Below a table, on stderr, the entries are not
// repeated.
func (o *inspectOptions) print(read []inspected, total inspectSummary, problems []Problem, streams terminal.Streams) error {
	out, wrap, text := streams.Out, streams.WrapOut, ""
	if o.all || o.rejected {
		out, wrap = streams.Err, streams.WrapErr
		for i := range problems {
			problems[i].Examples = nil
		}
	}
	if len(read) == 0 {
		return nil
	}
	for _, i := range read {
		text += i.head()
	}
	text += total.String() + "\n" + ProblemsText(problems, streams)
	// All text of others is cleaned above, and the stream would clean colours as well.
	_, err := fmt.Fprint(terminal.Raw(out), wrap(text))
	return err
}

func joined(broken []*manifest.FileError) error {
	errs := make([]error, len(broken))
	for i, b := range broken {
		errs[i] = b
	}
	return errors.Join(errs...)
}

// HoldBack buffers what show writes until show ends, and then copies it to out. If
// show ends because of a private key it drops everything, since nothing of such a
// manifest may be used.
func HoldBack(out io.Writer, printer *progress.Printer, show func(io.Writer) error) error {
	held, err := spool.Create("")
	if err != nil {
		return err
	}
	defer held.Close() //nolint:errcheck // its content is copied or dropped
	shown := show(held)
	if manifest.ReasonOf(shown) == manifest.ReasonPrivateKey {
		return shown
	}
	if _, err := held.Seek(0, io.SeekStart); err != nil {
		return err
	}
	printer.Pause()
	if _, err := io.Copy(out, held); err != nil {
		return err
	}
	return shown
}

// inspectEntries checks, counts and lists entries up to a break.
func inspectEntries(ctx context.Context, entries iter.Seq2[manifest.Device, error], judge *engine.Judge, read *inspected, limit int,
	list entryPrinter, printer *progress.Printer,
) error {
	for device, err := range entries {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return err
		}
		v := judge.Next(&device, rejected)
		var line refusedLine
		if v.Outcome == "" {
			err = list.device(&device)
		} else {
			line = refusedLineOf(v, &device, rejected)
			err = list.refused(line)
		}
		if err != nil {
			return err
		}
		read.add(v, &device, line, limit)
		if read.entries%64 == 0 {
			printer.Update(progress.Status{Phase: "checking " + read.name, Done: int64(read.entries), Rejected: int64(read.rejected)})
		}
	}
	return ctx.Err()
}

func refusedLineOf(v engine.Verdict, d *manifest.Device, rejected *manifest.EntryError) refusedLine {
	todo := advice.ForRejected(v.Reason, v.Remedy, advice.CLI).Todo
	if rejected != nil {
		return refusedLine{
			Type: string(v.Outcome), Manifest: rejected.Manifest, Member: rejected.Member, Entry: rejected.Entry, Line: rejected.Line,
			ID:     rejected.ID,
			Reason: v.Reason, Detail: v.Detail, Todo: todo, limit: rejected.Limit.Name, specific: advice.IsSpecific(v.Remedy),
		}
	}
	line := refusedLine{
		Type: string(v.Outcome), Manifest: d.Manifest, Member: d.Member, Entry: d.Entry, Line: d.Line, ID: d.ID, Detail: v.Detail,
	}
	if v.Outcome == ledger.Skipped {
		line.ThingName = d.ThingName
	} else {
		line.Reason, line.Todo, line.specific = v.Reason, todo, advice.IsSpecific(v.Remedy)
	}
	return line
}
