package stacks

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newRedrive(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	var noFollow bool
	c := &cobra.Command{
		Use:   "redrive",
		Short: "Retry messages that could not be handled",
		Long: `Move the messages that the functions could not handle back to their queues, so that
they are retried. Fix the cause first; the functions' logs name it. Imports that were
stopped because of such a message are opened again, and devices are tried for another
ten days. Then follow these imports to their end.

It exits with 3 if something failed again. Ctrl-C stops following.

` + exit.Help,
		Example: `  thingpress stack redrive
  thingpress stack redrive --no-follow`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return redrive(c.Context(), o, !noFollow, streams) },
	}
	o.add(c)
	c.Flags().BoolVar(&noFollow, "no-follow", false, "do not follow the imports")
	return c
}

func redrive(ctx context.Context, o stackFlags, follow bool, streams terminal.Streams) error {
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	moves, imports, err := stack.Redrive(ctx, func(m operate.Move) {
		printer.Update(progress.Status{Phase: "moving " + m.From, Done: m.Moved, Total: m.Total})
	})
	printer.Pause()
	for _, m := range moves {
		if printed := printMove(streams, o.output, m); printed != nil {
			return printed
		}
	}
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted; run it again to move the rest")
	}
	again := 0
	for _, r := range imports {
		failed, err := o.awaitRedriven(ctx, stack, r, follow, printer, streams)
		if err != nil {
			return err
		}
		again += failed
	}
	if again > 0 {
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// A redrivenLine is an import of which messages were moved as JSON. Its state is that at the end, if the
// import was followed.
type redrivenLine struct {
	Type     string `json:"type"`
	Import   string `json:"import"`
	Reopened bool   `json:"reopened"`
	Devices  int    `json:"devices"` // whose messages were moved
	Failed   int    `json:"failed"`  // of them, once more
	State    string `json:"state"`
}

// awaitRedriven follows an import until what was moved of it is done, and prints what became of it. It
// returns how much failed again.
func (o *stackFlags) awaitRedriven(
	ctx context.Context, stack *operate.Stack, r operate.Redriven, follow bool, printer *progress.Printer, streams terminal.Streams,
) (failed int, err error) {
	var i operate.Import
	if follow {
		i, failed, err = stack.Await(ctx, r, func(i operate.Import, left int) {
			s := statusOf(i, 0)
			if n := len(r.Devices); n > 0 {
				s.Done, s.Total = int64(n-left), int64(n)
			}
			printer.Update(s)
		})
	} else {
		i, err = stack.Import(ctx, r.Import)
	}
	printer.Pause()
	if errors.Is(err, ledger.ErrNotFound) {
		plain.Fprintf(streams.Err, "import %s is not in the ledger\n", r.Import)
		return len(r.Devices), nil
	}
	if err != nil {
		return 0, exit.IfInterrupted(ctx, err, "interrupted; the stack continues")
	}
	if follow && i.Stopped() {
		failed = max(failed, 1)
	}
	if o.output == terminal.JSON {
		return failed, streams.PrintJSON(redrivenLine{"redriven", r.Import, r.Reopened, len(r.Devices), failed, i.State()})
	}
	text := plain.Sprintf("import %s of %s is %s", r.Import, path.Base(i.Job.Upload.Key), i.State())
	if n := len(r.Devices); n > 0 && follow {
		text += fmt.Sprintf("; %s tried again, %s failed", progress.Plural(n, "device was", "devices were"), count(failed))
	}
	if cause := i.Cause(); follow && cause != "" {
		text += plain.Sprintf(": %s", cause)
	}
	_, err = fmt.Fprintln(streams.Out, text)
	return failed, err
}

// A moveLine is the move of one queue as JSON.
type moveLine struct {
	Type string `json:"type"`
	operate.Move
}

func printMove(streams terminal.Streams, output terminal.Output, m operate.Move) (err error) {
	switch {
	case output == terminal.JSON:
		err = streams.PrintJSON(moveLine{"move", m})
	case m.Status == "FAILED" && m.Moved == 0:
		_, err = plain.Fprintf(streams.Out, "%s: nothing moved to %s, failed\n", m.From, m.To)
	case m.Status == "EMPTY":
		_, err = plain.Fprintf(streams.Out, "%s is empty\n", m.From)
	default:
		text := plain.Sprintf("%s: %s moved to %s, %s", m.From, progress.Plural(int(m.Moved), "message", "messages"), m.To,
			strings.ToLower(m.Status))
		if m.Left > 0 {
			text += "; " + progress.Plural(int(m.Left), "message stays", "messages stay") + ", which no function could handle"
		}
		_, err = fmt.Fprintln(streams.Out, text)
	}
	return err
}
