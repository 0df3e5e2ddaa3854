package manifests

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/spool"
	"github.com/thingpress/thingpress/manifest"
)

type inspectOptions struct {
	Flags
	output terminal.Output
	quiet  bool
}

// NewInspect returns `thingpress inspect`.
func NewInspect(streams terminal.Streams) *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect MANIFEST…",
		Short: "Decode and check manifests without calling AWS",
		Long: `Decode every entry of the manifests and check it as an import would, without
calling AWS. Prints every entry, either as a device or with the reason why it is
rejected or skipped. MANIFEST "-" is standard input.

` + exit.Help,
		Example: `  thingpress inspect reel.csv
  thingpress inspect --signer signers/ --output json manifest.json
  thingpress inspect --bundle E0E2 reel.7z`,
		Args: RequireOne,
		RunE: func(c *cobra.Command, args []string) error { return inspect(c.Context(), o, args, streams) },
	}
	o.Add(c)
	o.output.AddFlag(c)
	c.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	return c
}

func inspect(ctx context.Context, o inspectOptions, args []string, streams terminal.Streams) error {
	options, err := o.Options()
	if err != nil {
		return err
	}
	files, err := OpenFiles(ctx, args, streams.In)
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()

	judge, total := engine.NewJudge(engine.Settings{}), inspectSummary{Type: "summary", Reasons: map[manifest.Reason]int{}}
	var broken []*manifest.FileError
	for i, in := range files.Inputs {
		judge.Begin(in.Name)
		after := total
		decoder, err := decoderOf(in, o.Vendor)
		if err == nil {
			err = holdBack(streams.Out, printer, func(held io.Writer) error {
				entries := newEntryPrinter(held, o.output, streams.OutTerminal, i == 0)
				var ended error
				after, ended = inspectEntries(ctx, decoder.Decode(ctx, in, options), judge, total, entries, func(s inspectSummary) {
					printer.Update(progress.Status{Phase: "checking " + in.Name, Done: int64(s.Entries), Rejected: int64(s.Rejected)})
				})
				return errors.Join(ended, entries.flush())
			})
		}
		var file *manifest.FileError
		switch {
		case errors.As(err, &file):
			broken = append(broken, file)
		case err != nil:
			return err
		}
		if manifest.ReasonOf(err) != manifest.ReasonPrivateKey {
			total = after
		}
	}
	o.NoteSigners(printer, judge.Names)
	total.Rejections = rejectionsOf(total.Reasons, judge.Remedies(), advice.CLI)
	printer.Pause()
	if o.output == terminal.JSON {
		err = newEntryLines(streams.Out).end(broken, total)
	} else {
		total.print(streams.Err)
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

func joined(broken []*manifest.FileError) error {
	errs := make([]error, len(broken))
	for i, b := range broken {
		errs[i] = b
	}
	return errors.Join(errs...)
}

// holdBack buffers what show writes until show ends, and then copies it to out. If
// show ends because of a private key it drops everything, since nothing of such a
// manifest may be used.
func holdBack(out io.Writer, printer *progress.Printer, show func(io.Writer) error) error {
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

// inspectEntries checks and prints entries up to a break, and returns before with
// their numbers added.
func inspectEntries(ctx context.Context, entries iter.Seq2[manifest.Device, error], judge *engine.Judge, before inspectSummary,
	out entryPrinter, show func(inspectSummary),
) (inspectSummary, error) {
	total := before
	total.Reasons = maps.Clone(before.Reasons)
	for device, err := range entries {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return total, err
		}
		v := judge.Next(&device, rejected)
		total.add(v, &device)
		if v.Outcome == "" {
			err = out.device(&device)
		} else {
			err = out.refused(refusedLineOf(v, &device, rejected))
		}
		if err != nil {
			return total, err
		}
		if total.Entries%64 == 0 {
			show(total)
		}
	}
	return total, ctx.Err()
}

func refusedLineOf(v engine.Verdict, d *manifest.Device, rejected *manifest.EntryError) refusedLine {
	todo := advice.ForRejected(v.Reason, v.Remedy, advice.CLI).Todo
	if rejected != nil {
		return refusedLine{
			Type: string(v.Outcome), Manifest: rejected.Manifest, Entry: rejected.Entry, Line: rejected.Line, ID: rejected.ID,
			Reason: v.Reason, Detail: v.Detail, Todo: todo, limit: rejected.Limit.Name, specific: advice.IsSpecific(v.Remedy),
		}
	}
	line := refusedLine{Type: string(v.Outcome), Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, ID: d.ID, Detail: v.Detail}
	if v.Outcome == ledger.Skipped {
		line.ThingName = d.ThingName
	} else {
		line.Reason, line.Todo, line.specific = v.Reason, todo, advice.IsSpecific(v.Remedy)
	}
	return line
}

// An inspectSummary is the last line of JSON.
type inspectSummary struct {
	Type     string                  `json:"type"`
	Entries  int                     `json:"entries"`
	Devices  int                     `json:"devices"`
	Rejected int                     `json:"rejected"`
	Skipped  int                     `json:"skipped"`
	Warnings int                     `json:"warnings"`
	Reasons  map[manifest.Reason]int `json:"reasons,omitempty"`
	// Rejections repeats Reasons, with what to do.
	Rejections []report.Rejection `json:"rejections,omitempty"`
}

// add counts an entry.
func (s *inspectSummary) add(v engine.Verdict, d *manifest.Device) {
	s.Entries++
	switch v.Outcome {
	case ledger.Rejected:
		s.Rejected++
		s.Reasons[v.Reason]++
	case ledger.Skipped:
		s.Skipped++
	default:
		s.Devices++
		s.Warnings += len(d.Warnings)
	}
}

// print prints the summary for people.
func (s *inspectSummary) print(out io.Writer) {
	plain.Fprintf(out, "%d entries: %d devices, %d rejected, %d skipped, %d warnings\n",
		s.Entries, s.Devices, s.Rejected, s.Skipped, s.Warnings)
	for _, r := range s.Rejections {
		plain.Fprintf(out, "  %d %s\n", r.Count, withTodo(r.Reason, r.Todo))
	}
}
