package stacks

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newImport(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	var follow bool
	c := &cobra.Command{
		Use:   "import ID",
		Short: "Show one import of the stack",
		Long: `Show one import of the stack with its numbers, its rate, the time left, and the reasons
why entries were not imported. With --follow it waits until the import has ended. It
exits with the same code as 'thingpress import'. A unique prefix of the ID is enough.

` + exit.Help,
		Example: `  thingpress stack import 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d
  thingpress stack import --follow 0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeImports,
		RunE: func(c *cobra.Command, args []string) error {
			return openImport(c.Context(), o, args[0], follow, streams)
		},
	}
	o.add(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "show progress until the import has ended")
	return c
}

func openImport(ctx context.Context, o stackFlags, id string, follow bool, streams terminal.Streams) error {
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	i, err := o.chooseImport(ctx, stack, id)
	if err != nil {
		return err
	}
	if follow {
		return followImport(ctx, &o, stack, i, streams)
	}
	return showImport(ctx, &o, stack, i, streams)
}

// showImport prints an import with the reasons why entries were not imported. Its error
// is that of a local import with these numbers.
func showImport(ctx context.Context, o *stackFlags, stack *operate.Stack, i operate.Import, streams terminal.Streams) error {
	c := i.Counts()
	var reasons []operate.Reason
	if c.Failed+c.Rejected+c.Skipped+c.Kept > 0 {
		var err error
		if reasons, err = stack.Reasons(ctx, i.Job.Import); err != nil {
			return err
		}
	}
	portions, err := stack.Portions(ctx, i)
	if err != nil {
		return err
	}
	shares := imports.DistributionOf(portions)
	switch {
	case o.output == terminal.JSON:
		line := importLineOf(i)
		line.Reasons, line.Distribution = reasons, shares[:min(len(shares), imports.MaxShares)]
		if err := streams.PrintJSON(line); err != nil {
			return err
		}
	case i.Job.Command != nil:
		if err := printCommand(streams, i, reasons, stack.Name); err != nil {
			return err
		}
	default:
		printImport(streams, i, reasons, shares, stack.Name)
	}
	switch {
	case i.Stopped():
		return exit.Silently(exit.Failure)
	case c.Failed+c.Rejected+c.Kept > 0:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// printImport prints an import of a stack for people.
func printImport(streams terminal.Streams, i operate.Import, reasons []operate.Reason, shares []imports.Share, stack string) {
	out := streams.Out
	plain.Fprintf(out, "import %s: %s\n", i.Job.Import, i.State())
	plain.Fprintf(out, "s3://%s/%s, %s, %s bytes\n", i.Job.Upload.Bucket, i.Job.Upload.Key, i.Job.Vendor,
		progress.Count(i.Job.Upload.Size))
	if cause := i.Cause(); cause != "" {
		plain.Fprintf(out, "cause: %s\n", cause)
		if !i.Job.RetryAt.IsZero() && !i.Ended() {
			plain.Fprintf(out, "next try at %s\n", i.Job.RetryAt.Local().Format(time.DateTime))
		}
	}
	for _, line := range imports.DistributionText(shares) {
		plain.Fprintf(out, "devices: %s\n", line)
	}
	if i.Record != nil {
		printNumbers(out, i, reasons, stack)
	}
	retry := "thingpress retry " + i.Job.Import + namingOf(stack)
	switch {
	case i.Job.Cancelled() && i.Ended():
		plain.Fprintf(out, "to import the rest: %s\n", retry)
	case i.Stopped():
		plain.Fprintf(out, "to go on when the cause is removed: %s\n", retry)
	case i.Ended() && i.Counts().Failed > 0:
		plain.Fprintf(out, "to try again what failed: %s\n", retry)
	}
}

// printNumbers prints the outcomes of an import, its rate, and why entries were not imported.
func printNumbers(out io.Writer, i operate.Import, reasons []operate.Reason, stack string) {
	fmt.Fprintln(out, report.Balance(i.Counts(), i.Counts().Pending()))
	now := time.Now()
	if rate := i.Rate(now); rate > 0 {
		plain.Fprintf(out, "%s devices/s on average", progress.Rate(rate))
		if left := i.Left(now); left > 0 {
			plain.Fprintf(out, ", %s left at that rate", progress.Duration(left))
		}
		fmt.Fprintln(out)
	}
	printReasons(out, reasons, advisedOf(i, stack))
}

// advisedOf returns the import of a stack, or those of a command, for advice.
func advisedOf(i operate.Import, stack string) advice.Import {
	if i.Job.Command != nil {
		return advice.Import{ID: i.Job.Command.Of[0], Command: i.Job.Import, Stack: stack}
	}
	return advice.Import{ID: i.Job.Import, Stack: stack}
}

// printReasons prints why entries have their outcomes, and what to do.
func printReasons(out io.Writer, reasons []operate.Reason, of advice.Import) {
	for _, r := range reasons {
		plain.Fprintf(out, "  %s %s, %s: %s\n", progress.Count(int64(r.Count)), r.Outcome, r.Reason, r.Example)
		if todo := of.For(r.Reason).Todo; todo != "" {
			plain.Fprintf(out, "    %s\n", todo)
		}
	}
}

// followEvery is the interval at which the state of a followed import is read.
const followEvery = 2 * time.Second

// followImport shows progress until the import has ended, and then the import.
func followImport(ctx context.Context, o *stackFlags, stack *operate.Stack, i operate.Import, streams terminal.Streams) error {
	printer := streams.Progress(o.quiet, o.output)
	defer printer.Close()
	var meter rateMeter
	told := ""
	for !i.Ended() {
		c := i.Counts()
		s := statusOf(i, meter.at(time.Now(), c.Imported+c.Unchanged+c.Failed))
		if cause := i.Cause(); cause != "" && cause != told {
			printer.Note("stalled: %s", cause)
			told = cause
		}
		printer.Update(s)
		if backoff.Sleep(ctx, followEvery) != nil {
			return exit.InterruptedError("interrupted",
				"the import continues in the stack; follow it with thingpress stack import --follow "+i.Job.Import+o.naming())
		}
		var err error
		if i, err = stack.Import(ctx, i.Job.Import); err != nil {
			return exit.IfInterrupted(ctx, err, "interrupted; the import continues in the stack")
		}
	}
	printer.Pause()
	return showImport(ctx, o, stack, i, streams)
}

// statusOf returns the progress of an import at this rate in devices per second.
func statusOf(i operate.Import, rate float64) progress.Status {
	c := i.Counts()
	s := progress.Status{
		Phase: i.State(), Done: int64(c.Entries - c.Pending()), Total: int64(c.Entries), Rate: rate,
		Imported: int64(c.Imported), Unchanged: int64(c.Unchanged),
		Failed: int64(c.Failed), Rejected: int64(c.Rejected), Skipped: int64(c.Skipped),
	}
	if i.Record == nil {
		s.Total = 0
	}
	if i.Job.Command != nil {
		s.Phase = doing[i.Job.Command.Verb]
		if done, err := doneOf(i); err == nil {
			s.Done = int64(done)
		}
	}
	return s
}

// A rateMeter measures devices per second over the last 30 seconds.
type rateMeter struct {
	past []rateSample
}

type rateSample struct {
	at time.Time
	n  int
}

func (m *rateMeter) at(now time.Time, n int) float64 {
	m.past = append(m.past, rateSample{now, n})
	for len(m.past) > 2 && now.Sub(m.past[0].at) > 30*time.Second {
		m.past = m.past[1:]
	}
	return between(m.past[0], m.past[len(m.past)-1])
}

func between(a, b rateSample) float64 {
	seconds := b.at.Sub(a.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(b.n-a.n) / seconds
}
