package stacks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

type deleteOptions struct {
	stackFlags
	purge bool
	yes   bool
}

func newDelete(streams terminal.Streams) *cobra.Command {
	var o deleteOptions
	c := &cobra.Command{
		Use:   "delete",
		Short: "Delete the stack",
		Long: `Delete the stack. Buckets and ledger stay, with everything in them, and are named, with the
commands that remove them; --purge empties and deletes them as well, which cannot be
undone, and must be given now: a stack that is gone does not tell what it kept. Nothing in AWS IoT is
touched either way. On a terminal the name of the stack is asked for.`,
		Example: `  thingpress stack delete
  thingpress stack delete --stack line-2 --purge --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return deleteStack(c.Context(), o, streams) },
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.purge, "purge", false, "delete buckets and ledger as well, with everything in them")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func deleteStack(ctx context.Context, o deleteOptions, streams terminal.Streams) error {
	stack, err := o.open(ctx)
	if o.purge && errors.Is(err, operate.ErrNoStack) {
		return exit.WithHint(errors.Unwrap(err), fmt.Sprintf("what an earlier deletion kept is not purged without the stack: "+
			"that deletion named it, and the commands that remove it; "+
			"else the names begin with %[1]s-: aws s3 ls | grep %[2]s-, aws dynamodb list-tables", o.stack, strings.ToLower(o.stack)))
	}
	if err != nil {
		return err
	}
	kept := stack.Kept()
	fmt.Fprintf(streams.Err, "stack %s in account %s, %s\n", stack.Name, stack.ID, stack.Region)
	verb := "stays"
	if o.purge {
		verb = "is deleted with everything in it"
	}
	for _, k := range kept {
		fmt.Fprintf(streams.Err, "  %s %s (%s) %s\n", k.LogicalID, k.Name, k.Type, verb)
	}
	if !o.yes && streams.Ask("type the name of the stack to delete it: ") != stack.Name {
		return exit.WithHint(errors.New("nothing was deleted: not confirmed"), "--yes does not ask")
	}
	printer := streams.Progress(o.quiet)
	defer printer.Close()
	if err := stack.Delete(ctx, func(e operate.Event) { noteEvent(printer, e) }); err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted; CloudFormation goes on by itself")
	}
	var failed error
	if o.purge {
		kept, failed = stack.Purge(ctx, kept, func(k operate.Kept, objects int) {
			printer.Update(progress.Status{Phase: "deleting " + k.Name, Done: int64(objects)})
		})
	}
	printer.Pause()
	if err := o.print(streams, stack, kept); err != nil {
		return err
	}
	if failed != nil && ctx.Err() == nil {
		return exit.WithHint(failed, "the stack itself is deleted; what is left, and the commands that remove it, are above")
	}
	return exit.IfInterrupted(ctx, failed, "interrupted; what is left, and the commands that remove it, are above")
}

// A keptLine is what stays, with the command that removes it: once the stack
// is gone nothing else tells.
type keptLine struct {
	operate.Kept
	Remove string `json:"remove"`
}

// A deletedLine is the end of a deletion as JSON.
type deletedLine struct {
	Type  string     `json:"type"`
	Stack string     `json:"stack"`
	Kept  []keptLine `json:"kept"`
}

func (o *deleteOptions) print(streams terminal.Streams, stack *operate.Stack, kept []operate.Kept) error {
	lines := []keptLine{}
	for _, k := range kept {
		lines = append(lines, keptLine{k, k.Removal(stack.Region)})
	}
	if o.output == terminal.JSON {
		return streams.PrintJSON(deletedLine{"summary", o.stack, lines})
	}
	if _, err := fmt.Fprintf(streams.Out, "stack %s is deleted\n", o.stack); err != nil || len(lines) == 0 {
		return err
	}
	fmt.Fprintln(streams.Out, "\nkept, with everything in it; the stack that knew of it is gone, so note it:")
	for _, k := range lines {
		fmt.Fprintf(streams.Out, "  %s %s\n", k.LogicalID, k.Name)
	}
	fmt.Fprintln(streams.Out, "\nto remove it for good, which cannot be undone:")
	for _, k := range lines {
		if _, err := fmt.Fprintf(streams.Out, "  %s\n", k.Remove); err != nil {
			return err
		}
	}
	return nil
}
