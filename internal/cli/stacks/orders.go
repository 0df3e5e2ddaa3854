package stacks

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// An order is a command that changes the course of an import of a stack.
type order struct {
	kind string
	done string // what the import is afterwards
	// begins is the order's kind if the decoder erases it after it was carried out.
	begins bool
	// question returns what is asked before, effect what is printed afterwards.
	question, effect func(i operate.Import, naming string) string
}

type orderOptions struct {
	stackFlags
	yes    bool
	follow bool
}

// NewOrders returns `thingpress cancel`, `pause`, `resume` and `retry`.
func NewOrders(streams terminal.Streams) []*cobra.Command {
	cancel := newOrder(streams, order{
		kind: functions.OrderCancel, done: "cancelled",
		question: func(i operate.Import, _ string) string {
			return fmt.Sprintf("cancel it, with %s pending?", entries(i.Counts().Pending()))
		},
		effect: func(i operate.Import, naming string) string {
			return fmt.Sprintf("What was imported stays in AWS IoT. %s not be imported, except devices that an\n"+
				"importer has in hand. A report and a notice follow.\n"+
				"To import the rest after all: thingpress retry %s%s\n", willEntries(i.Counts().Pending()), i.Job.Import, naming)
		},
	})
	cancel.Short = "Cancel an import of the stack"
	cancel.Long = `Cancel an import of the stack. Devices that were imported stay as they are.
Pending entries are not imported, except devices that an importer has in hand at
this moment. The import ends with a report and a notice, in the state cancelled.
'thingpress retry' takes it back. IMPORT is an ID from 'thingpress stack imports'
or a unique prefix of one. Cancelling a cancelled import changes nothing.

` + exit.Help
	cancel.Example = `  thingpress cancel 0199a3c1
  thingpress cancel 0199a3c1 --stack line-2 --yes`

	pause := newOrder(streams, order{
		kind: functions.OrderPause, done: "paused",
		question: func(i operate.Import, _ string) string {
			return fmt.Sprintf("pause it, with %s pending?", entries(i.Counts().Pending()))
		},
		effect: func(i operate.Import, naming string) string {
			return fmt.Sprintf("Nothing is lost, however long it waits.\nTo go on: thingpress resume %s%s\n", i.Job.Import, naming)
		},
	})
	pause.Short = "Pause an import of the stack"
	pause.Long = `Pause an import of the stack. Nothing more of it is imported until 'thingpress
resume', except devices that an importer has in hand at this moment. Other
imports go on, and have the quotas for themselves. IMPORT is an ID from
'thingpress stack imports' or a unique prefix of one. Pausing a paused import
changes nothing.

` + exit.Help
	pause.Example = `  thingpress pause 0199a3c1
  thingpress pause 0199a3c1 --stack line-2 --yes`

	resume := newOrder(streams, order{
		kind: functions.OrderResume, done: "resumed", begins: true,
		question: func(i operate.Import, _ string) string {
			return fmt.Sprintf("resume it, with %s pending?", entries(i.Counts().Pending()))
		},
		effect: following,
	})
	resume.Short = "Resume a paused import of the stack"
	resume.Long = `Resume a paused import of the stack. Every pending entry is sent to the
importers again. IMPORT is an ID from 'thingpress stack imports' or a unique
prefix of one. Resuming an import that is not paused changes nothing.

` + exit.Help
	resume.Example = `  thingpress resume 0199a3c1
  thingpress resume 0199a3c1 --stack line-2 --follow --yes`

	retry := newOrder(streams, order{
		kind: functions.OrderRetry, done: "opened again", begins: true,
		question: func(i operate.Import, _ string) string {
			c := i.Counts()
			if c.Failed+c.Pending() == 0 && i.Record != nil && c.Entries > 0 {
				return "try it again, although no entry failed?"
			}
			return fmt.Sprintf("try again what failed (%s) or is pending (%s)?", count(c.Failed), count(c.Pending()))
		},
		effect: following,
	})
	retry.Short = "Try again what an ended import of the stack did not import"
	retry.Long = `Reopen an import of the stack that has finished, was stopped or was cancelled. The
stack retries what failed, and imports what was pending. It leaves alone what was
imported. The import then ends with a new report and a new notice. IMPORT is an ID
from 'thingpress stack imports' or a unique prefix of one.

The stack reads the same version of the same object again. It keeps the settings
and signers with which the import began, and rejected entries stay rejected. An
import that was stopped before any entry had an outcome begins with the present
settings and signers. If the manifest was wrong, upload a corrected one.

` + exit.Help
	retry.Example = `  thingpress retry 0199a3c1 --follow
  thingpress retry 0199a3c1 --stack line-2 --yes`
	return []*cobra.Command{cancel, pause, resume, retry}
}

func newOrder(streams terminal.Streams, given order) *cobra.Command {
	var o orderOptions
	c := &cobra.Command{
		Use: given.kind + " IMPORT", Args: cobra.ExactArgs(1), ValidArgsFunction: o.completeImports,
		RunE: func(c *cobra.Command, args []string) error { return giveOrder(c.Context(), o, given, args[0], streams) },
	}
	o.add(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	if given.begins {
		c.Flags().BoolVarP(&o.follow, "follow", "f", false, "show progress until the import has ended")
	}
	return c
}

// giveOrder gives an import an order and prints what follows from it.
func giveOrder(ctx context.Context, o orderOptions, given order, id string, streams terminal.Streams) error {
	const nothing = "nothing was changed"
	if err := exit.Unapproved(o.yes, streams, nothing); err != nil {
		return err
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	i, err := o.chooseImport(ctx, stack, id)
	if err != nil {
		return err
	}
	if given.kind == functions.OrderRetry && i.Job.Order.Kind == given.kind {
		// Its message may be lost, and the sweep, which sends those of other orders again, sees no import that is done.
		if err := stack.Tell(ctx, &i.Job); err != nil {
			return err
		}
	}
	if i.Job.Order.Kind == given.kind || given.kind == functions.OrderResume && !i.Job.Held() && !i.Ended() {
		return o.printOrder(ctx, given, stack, i, false, streams)
	}
	if err := i.Job.CheckOrder(given.kind); err != nil {
		return o.explainOrder(i, err)
	}
	if !o.yes {
		plain.Fprintf(streams.Err, "import %s of %s is %s\n", i.Job.Import, path.Base(i.Job.Upload.Key), i.State())
		if !streams.Confirm(given.question(i, o.naming())) {
			return exit.NotConfirmed(nothing)
		}
	}
	if i.Job, err = stack.Order(ctx, i.Job.Import, given.kind); err != nil {
		return exit.IfInterrupted(ctx, o.explainOrder(i, err), "interrupted; give the order again to be sure that the stack has it")
	}
	return o.printOrder(ctx, given, stack, i, true, streams)
}

// explainOrder adds what to do to the error of an order that an import cannot be given.
func (o *orderOptions) explainOrder(i operate.Import, err error) error {
	var running *functions.RunningError
	if errors.As(err, &running) {
		return exit.WithHint(running, hintRunning(running, o.naming()))
	}
	var refused *functions.OrderError
	if !errors.As(err, &refused) {
		return err
	}
	hint := ""
	switch {
	case refused.Standing == functions.OrderCancel,
		(refused.Standing == "" || refused.Standing == functions.OrderPause) && refused.Kind != functions.OrderRetry && i.Job.Ended():
		hint = "import what is left with thingpress retry " + i.Job.Import + o.naming()
	case refused.Standing == functions.OrderPause:
		hint = "resume it with thingpress resume " + i.Job.Import + o.naming()
	case refused.Kind == functions.OrderRetry:
		hint = "wait for its end with thingpress stack import --follow " + i.Job.Import + o.naming() + ", or cancel it first"
	}
	return exit.WithHint(refused, hint)
}

// An orderLine is an order and the import that has it as JSON.
type orderLine struct {
	Type    string        `json:"type"`
	Import  string        `json:"import"`
	Order   string        `json:"order"`
	Changed bool          `json:"changed"` // false if the import had the order already
	State   string        `json:"state"`
	Counts  ledger.Counts `json:"counts"`
	Pending int           `json:"pending"`
}

func (o *orderOptions) printOrder(
	ctx context.Context, given order, stack *operate.Stack, i operate.Import, changed bool, streams terminal.Streams,
) error {
	c := i.Counts()
	var err error
	switch {
	case o.output == terminal.JSON:
		err = streams.PrintJSON(orderLine{"order", i.Job.Import, given.kind, changed, i.State(), c, c.Pending()})
	case !changed && i.Job.Order.Kind != given.kind:
		_, err = plain.Fprintf(streams.Out, "import %s of %s is not paused\n", i.Job.Import, path.Base(i.Job.Upload.Key))
	default:
		was := ""
		if !changed {
			was = "already "
		}
		plain.Fprintf(streams.Out, "import %s of %s is %s%s\n", i.Job.Import, path.Base(i.Job.Upload.Key), was, given.done)
		_, err = fmt.Fprint(streams.Out, balanceText(i)+given.effect(i, o.naming()))
	}
	if err != nil || !o.follow {
		return err
	}
	if i, err = stack.AwaitOrder(ctx, i.Job.Import); err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted; the stack carries out the order")
	}
	return followImport(ctx, &o.stackFlags, stack, i, streams)
}

// balanceText returns a line with the outcomes of an import; empty while its manifest is being checked.
func balanceText(i operate.Import) string {
	if i.Record == nil {
		return ""
	}
	return report.Balance(i.Counts(), i.Counts().Pending()) + "\n"
}

func following(i operate.Import, naming string) string {
	return fmt.Sprintf("To follow it: thingpress stack import --follow %s%s\n", i.Job.Import, naming)
}

func entries(n int) string { return progress.Plural(n, "entry", "entries") }

func willEntries(n int) string {
	return progress.Plural(n, "pending entry will", "pending entries will")
}

func count(n int) string { return progress.Count(int64(n)) }
