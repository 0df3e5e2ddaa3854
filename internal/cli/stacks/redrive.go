package stacks

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

func newRedrive(streams terminal.Streams) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "redrive",
		Short: "Retry messages that could not be handled",
		Long: `Move the messages that the functions could not handle back to their queues, so that
they are retried. Fix the cause first; the functions' logs name it. Devices that failed
with the reason undeliverable are then imported, and the report of their import is
written again.`,
		Example: `  thingpress stack redrive`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return redrive(c.Context(), o, streams) },
	}
	o.add(c)
	return c
}

func redrive(ctx context.Context, o stackFlags, streams terminal.Streams) error {
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	moves, err := stack.Redrive(ctx, func(m operate.Move) {
		printer.Update(progress.Status{Phase: "moving " + m.From, Done: m.Moved, Total: m.Total})
	})
	printer.Pause()
	for _, m := range moves {
		if printed := printMove(streams, o.output, m); printed != nil {
			return printed
		}
	}
	return exit.IfInterrupted(ctx, err, "interrupted; SQS continues to move messages")
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
		_, err = plain.Fprintf(streams.Out, "%s: %s messages moved to %s, %s\n", m.From, progress.Count(m.Moved), m.To, strings.ToLower(m.Status))
	}
	return err
}
