package cli

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
)

type inspectOptions struct {
	decodeFlags
	output outputFlag
	quiet  bool
}

func newInspect(streams Streams) *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect MANIFEST…",
		Short: "Decode and check manifests without any AWS call",
		Long: `Decode every entry of the manifests and judge it as an import would, without any AWS
call. Every entry is shown: as a device, or with the reason for which it is rejected
or skipped. MANIFEST "-" is standard input.

` + exitHelp,
		Example: `  thingpress inspect reel.csv
  thingpress inspect --signer signers/ --output json manifest.json
  thingpress inspect --bundle E0E2 reel.7z`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runInspect(c.Context(), o, args, streams)
		},
	}
	o.add(c)
	addOutputFlag(c, &o.output)
	c.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	return c
}

// inspection is a run of inspect.
type inspection struct {
	options   manifest.Options
	judge     *engine.Judge
	printer   *progress.Printer
	manifests int // begun
	total     inspectSummary
}

func runInspect(ctx context.Context, o inspectOptions, args []string, streams Streams) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	in, err := openInputs(ctx, args, streams.In)
	if err != nil {
		return err
	}
	defer in.Close()

	run := &inspection{
		options: options, judge: engine.NewJudge(engine.Settings{}),
		printer: progress.New(streams.Err, progressMode(o.quiet, streams), streams.Width),
		total:   inspectSummary{Type: "summary", Reasons: map[manifest.Reason]int{}},
	}
	defer run.printer.Close()
	var broken []*manifest.FileError
	for _, input := range in.list {
		err := run.manifest(ctx, o, input, streams)
		var file *manifest.FileError
		switch {
		case errors.As(err, &file):
			broken = append(broken, file)
		case err != nil:
			return err
		}
	}
	run.printer.Pause()
	end := newEntryPrinter(streams.Out, o.output, streams.OutTerminal, false)
	if err := errors.Join(end.broken(broken), end.summary(run.total, streams.Err)); err != nil {
		return err
	}
	switch {
	case len(broken) > 0 && o.output == outputJSON:
		return &exitError{code: ExitFailure} // each has its line
	case len(broken) > 0:
		return &exitError{code: ExitFailure, err: joined(broken), hint: breakHint(broken[0], advice.CLI)}
	case run.total.Rejected > 0:
		return &exitError{code: ExitIncomplete}
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

func breakHint(err error, where advice.Surface) string {
	if hint := advice.Of(err, where).Todo; hint != "" {
		return hint
	}
	return "ask the sender for the manifest again; docs/reasons.md tells more of each reason"
}

// manifest shows one manifest. Its entries are held back in a temporary file
// until its end is reached, because a private key anywhere in it means that
// nothing of it may be used.
func (run *inspection) manifest(ctx context.Context, o inspectOptions, in manifest.Input, streams Streams) error {
	run.judge.Begin(in.Name)
	run.manifests++
	decoder, err := o.decoder(in)
	if err != nil {
		return err
	}
	held, err := os.CreateTemp("", "thingpress-inspect-*")
	if err != nil {
		return err
	}
	defer func() {
		_ = held.Close()
		_ = os.Remove(held.Name()) // the system removes what is left in its directory
	}()

	before := run.total.clone()
	entries := newEntryPrinter(held, o.output, streams.OutTerminal, run.manifests == 1)
	err = run.entries(ctx, decoder, in, entries)
	if manifest.ReasonOf(err) == manifest.ReasonPrivateKey {
		run.total = before
		return err
	}
	if flushed := entries.flush(); flushed != nil {
		return flushed
	}
	if _, seeked := held.Seek(0, io.SeekStart); seeked != nil {
		return seeked
	}
	run.printer.Pause()
	if _, copied := io.Copy(streams.Out, held); copied != nil {
		return copied
	}
	return err
}

func (run *inspection) entries(ctx context.Context, decoder manifest.Decoder, in manifest.Input, out *entryPrinter) error {
	for device, err := range decoder.Decode(ctx, in, run.options) {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return err
		}
		if err := run.entry(&device, rejected, out); err != nil {
			return err
		}
		if run.total.Entries%64 == 0 {
			run.printer.Update(progress.Status{Phase: "checking " + in.Name, Done: int64(run.total.Entries), Rejected: int64(run.total.Rejected)})
		}
	}
	return ctx.Err()
}

// entry counts and prints what becomes of an entry.
func (run *inspection) entry(device *manifest.Device, rejected *manifest.EntryError, out *entryPrinter) error {
	run.total.Entries++
	switch v := run.judge.Next(device, rejected); v.Outcome {
	case ledger.Skipped:
		run.total.Skipped++
		return out.skipped(device, v.Detail)
	case ledger.Rejected:
		run.total.Rejected++
		run.total.Reasons[v.Reason]++
		if rejected == nil {
			rejected = &manifest.EntryError{
				Vendor: device.Vendor, Manifest: device.Manifest, Entry: device.Entry, Line: device.Line, ID: device.ID,
				Reason: v.Reason, Err: errors.New(v.Detail),
			}
		}
		return out.rejected(rejected)
	}
	run.total.Devices++
	run.total.Warnings += len(device.Warnings)
	return out.device(device)
}

// inspectSummary is the last JSON line.
type inspectSummary struct {
	Type     string                  `json:"type"`
	Entries  int                     `json:"entries"`
	Devices  int                     `json:"devices"`
	Rejected int                     `json:"rejected"`
	Skipped  int                     `json:"skipped"`
	Warnings int                     `json:"warnings"`
	Reasons  map[manifest.Reason]int `json:"reasons,omitempty"`
}

func (s *inspectSummary) clone() inspectSummary {
	c := *s
	c.Reasons = maps.Clone(s.Reasons)
	return c
}

// progressMode is how a command shows progress on its error stream.
func progressMode(quiet bool, streams Streams) progress.Mode {
	switch {
	case quiet:
		return progress.Quiet
	case streams.ErrTerminal:
		return progress.Live
	}
	return progress.Lines
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
