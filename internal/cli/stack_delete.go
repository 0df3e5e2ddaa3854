package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

type stackDeleteOptions struct {
	stackFlags
	purge bool
	yes   bool
}

func newStackDelete(streams Streams) *cobra.Command {
	var o stackDeleteOptions
	c := &cobra.Command{
		Use:   "delete",
		Short: "Delete the stack",
		Long: `Delete the stack. Buckets and ledger stay, with everything in them, and are named; --purge
empties and deletes them as well, which cannot be undone. Nothing in AWS IoT is
touched either way. On a terminal the name of the stack is asked for.`,
		Example: `  thingpress stack delete
  thingpress stack delete --stack line-2 --purge --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runStackDelete(c.Context(), o, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.purge, "purge", false, "delete buckets and ledger as well, with everything in them")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func runStackDelete(ctx context.Context, o stackDeleteOptions, streams Streams) error {
	stack, err := o.open(ctx)
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
	if !o.yes && askFor(streams, "type the name of the stack to delete it: ") != stack.Name {
		return withHint(errors.New("nothing was deleted: not confirmed"), "--yes does not ask")
	}
	printer := progress.New(streams.Err, progressMode(o.quiet, streams), streams.Width)
	defer printer.Close()
	if err := stack.Delete(ctx, func(e operate.Event) { noteEvent(printer, e) }); err != nil {
		return ended(ctx, err, "interrupted; CloudFormation goes on by itself")
	}
	if o.purge {
		err := stack.Purge(ctx, kept, func(k operate.Kept, objects int) {
			printer.Update(progress.Status{Phase: "deleting " + k.Name, Done: int64(objects)})
		})
		if err != nil {
			return ended(ctx, err, "interrupted; what is left has to be deleted by hand")
		}
		kept = nil
	}
	printer.Pause()
	return o.print(streams, kept)
}

func (o *stackDeleteOptions) print(streams Streams, kept []operate.Kept) error {
	if o.output != outputJSON {
		_, err := fmt.Fprintf(streams.Out, "stack %s is deleted\n", o.stack)
		return err
	}
	if kept == nil {
		kept = []operate.Kept{}
	}
	return json.NewEncoder(streams.Out).Encode(struct {
		Type  string         `json:"type"`
		Stack string         `json:"stack"`
		Kept  []operate.Kept `json:"kept"`
	}{"summary", o.stack, kept})
}
