package stacks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

type deleteOptions struct {
	stackFlags
	purge bool
	force bool
	yes   bool
}

func newDelete(streams terminal.Streams) *cobra.Command {
	var o deleteOptions
	c := &cobra.Command{
		Use:   "delete",
		Short: "Delete the stack",
		Long: `Delete the stack. The command first shows what it would delete and what it would keep.
It keeps the buckets and the ledger, and prints the commands that delete them and the
command for a new stack that takes them over. With --purge it deletes them too, with
everything in them, which cannot be undone. Later, --purge cannot find them because the
deleted stack no longer names them. Nothing in AWS IoT is changed.

While imports are running, nothing is deleted without --force.

Asks for the name of the stack. Without a terminal, pass --yes.`,
		Example: `  thingpress stack delete
  thingpress stack delete --stack line-2 --purge --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return deleteStack(c.Context(), o, streams) },
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.purge, "purge", false, "also delete buckets and ledger, with everything in them")
	flags.BoolVar(&o.force, "force", false, "delete the stack although imports are running")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func deleteStack(ctx context.Context, o deleteOptions, streams terminal.Streams) error {
	if err := exit.Unapproved(o.yes, streams, "nothing was deleted"); err != nil {
		return err
	}
	stack, err := o.open(ctx, streams)
	if o.purge && errors.Is(err, operate.ErrNoStack) {
		return exit.WithHint(errors.Unwrap(err), fmt.Sprintf("run the commands that the earlier deletion printed; "+
			"without them, find what it kept by the prefix %[1]s-: aws s3 ls | grep %[2]s-, aws dynamodb list-tables", o.stack,
			strings.ToLower(o.stack)))
	}
	if err != nil {
		return err
	}
	if !o.force {
		if err := refuseRunning(ctx, stack); err != nil {
			return err
		}
	}
	kept, deleted := stack.Kept(), stack.Deleted()
	fmt.Fprint(streams.Err, o.announce(stack, kept, deleted))
	if !o.yes && streams.Ask("type the name of the stack to delete it: ") != stack.Name {
		return exit.NotConfirmed("nothing was deleted")
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	if err := stack.Delete(ctx, func(e operate.Event) { noteEvent(printer, e) }); err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted; CloudFormation continues the deletion")
	}
	var failed error
	if o.purge {
		kept, failed = stack.Purge(ctx, kept, func(k operate.Kept, objects int) {
			printer.Update(progress.Status{Phase: "deleting " + k.Name, Done: int64(objects)})
		})
	}
	printer.Pause()
	if err := o.print(streams, stack, kept, deleted); err != nil {
		return err
	}
	if failed != nil && ctx.Err() == nil {
		return exit.WithHint(failed, "the stack itself is deleted; run the commands above to delete what is left")
	}
	return exit.IfInterrupted(ctx, failed, "interrupted; the commands above delete what is left")
}

// A keptLine is a resource that was kept, with the command that deletes it. Once the
// stack is deleted nothing else names it.
type keptLine struct {
	operate.Kept
	Remove string `json:"remove"`
}

// A deletedLine is the result of a deletion as JSON.
type deletedLine struct {
	Type      string         `json:"type"`
	Stack     string         `json:"stack"`
	Kept      []keptLine     `json:"kept"`
	Deleted   []operate.Kept `json:"deleted"`
	Artifacts string         `json:"artifacts_bucket,omitempty"`
	TakeOver  []string       `json:"take_over"`
}

func (o *deleteOptions) print(streams terminal.Streams, stack *operate.Stack, kept, deleted []operate.Kept) error {
	lines, parameters := []keptLine{}, append([]string{}, operate.TakeOver(kept)...)
	for _, k := range kept {
		lines = append(lines, keptLine{k, k.Removal(stack.Region)})
	}
	if o.output == terminal.JSON {
		return streams.PrintJSON(deletedLine{"summary", o.stack, lines, deleted, stack.ArtifactsBucket(), parameters})
	}
	if _, err := plain.Fprintf(streams.Out, "stack %s is deleted\n", o.stack); err != nil {
		return err
	}
	if bucket := stack.ArtifactsBucket(); bucket != "" {
		plain.Fprintf(streams.Out, "\nkept, because other stacks may use it: the code in s3://%s\n", bucket)
	}
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintln(streams.Out, "\nkept, with everything in it; note the names, because the stack no longer exists:")
	for _, k := range lines {
		plain.Fprintf(streams.Out, "  %s %s\n", k.LogicalID, k.Name)
	}
	plain.Fprintf(streams.Out, "\nto use it again in a new stack:\n  thingpress stack deploy --stack %s", terminal.ShellQuote(o.stack))
	for _, p := range parameters {
		plain.Fprintf(streams.Out, " \\\n    --parameter %s", terminal.ShellQuote(p))
	}
	fmt.Fprintln(streams.Out, "\n\nto delete it, which cannot be undone:")
	for _, k := range lines {
		if _, err := plain.Fprintf(streams.Out, "  %s\n", k.Remove); err != nil {
			return err
		}
	}
	return nil
}
