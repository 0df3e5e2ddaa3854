package stacks

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// routeImports is `thingpress imports --stack`.
func routeImports(ctx context.Context, f stackFlags, flags *pflag.FlagSet, _ []string, streams terminal.Streams) error {
	return listImports(ctx, f, flags, 0, streams)
}

// routeReport is `thingpress report --stack`.
func routeReport(ctx context.Context, f stackFlags, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
	return getReport(ctx, f, textOf(flags, "format"), boolOf(flags, "overwrite"), args, streams)
}

// routeShow is `thingpress show --stack`.
func routeShow(ctx context.Context, f stackFlags, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
	stack, err := f.open(ctx, streams)
	if err != nil {
		return err
	}
	live := boolOf(flags, "live")
	i, err := f.chooseImport(ctx, stack, args[0])
	var unknown *unknownImportError
	switch {
	case errors.As(err, &unknown) && unknown.latest != "":
		return showDevice(ctx, &f, stack, args[0], live, unknown.latest, streams)
	case err != nil:
		return err
	case live:
		return exit.UsageError(fmt.Errorf("--live is only for a device, and %s is an import", args[0]),
			"compare all its devices with thingpress verify "+args[0]+" --stack "+terminal.ShellQuote(stack.Name))
	}
	err = showImport(ctx, &f, stack, i, streams)
	var quiet *exit.Error
	if silent := errors.As(err, &quiet) && quiet.Err == nil; err != nil && !silent { // the numbers do not decide about show
		return err
	}
	if i.Job.Command != nil {
		return nil
	}
	return showCommands(ctx, &f, stack, i, streams)
}

// A laterLine is a command over an import as JSON.
type laterLine struct {
	Type    string        `json:"type"` // "command"
	Command string        `json:"command"`
	Verb    string        `json:"verb"`
	Imports []string      `json:"imports"`
	State   string        `json:"state"`
	Cause   string        `json:"cause,omitempty"`
	Begun   string        `json:"begun"`
	Counts  ledger.Counts `json:"counts"`
	Pending int           `json:"pending"`
}

// showCommands prints what later commands did to an import.
func showCommands(ctx context.Context, f *stackFlags, stack *operate.Stack, i operate.Import, streams terminal.Streams) error {
	for command, err := range stack.LaterCommands(ctx, i.Job.Import) {
		if err != nil {
			return err
		}
		found, err := stack.Import(ctx, command.ID)
		if errors.Is(err, ledger.ErrNotFound) {
			continue // its job has expired
		}
		if err != nil {
			return err
		}
		c := command.Counts
		if f.output == terminal.JSON {
			if err := streams.PrintJSON(laterLine{
				"command", command.ID, command.Verb, command.Of, found.State(), found.Cause(), command.Begun.UTC().Format(timeFormat), c, c.Pending(),
			}); err != nil {
				return err
			}
			continue
		}
		plain.Fprintf(streams.Out, "later: %s %s, begun %s, %s: %s\n", command.Verb, command.ID, command.Begun.Local().Format(imports.Minute),
			found.State(), outcomesText(c))
	}
	return nil
}

const timeFormat = "2006-01-02T15:04:05Z07:00"

// outcomesText returns the outcomes of a command.
func outcomesText(c ledger.Counts) (text string) {
	for _, o := range ledger.LaterOutcomes() {
		if n := c.Of(o); n > 0 {
			text += fmt.Sprintf(", %s %s", progress.Count(int64(n)), o)
		}
	}
	if n := c.Pending(); n > 0 {
		text += fmt.Sprintf(", %s pending", progress.Count(int64(n)))
	}
	if text == "" {
		return "nothing yet"
	}
	return text[2:]
}

// printCommand prints a command over imports for people.
func printCommand(streams terminal.Streams, i operate.Import, reasons []operate.Reason, stack string) error {
	out := streams.Out
	plain.Fprintf(out, "command %s: %s of import %s is %s\n", i.Job.Import, i.Job.Command.Verb, i.Job.Command.Of[0], i.State())
	if cause := i.Cause(); cause != "" {
		plain.Fprintf(out, "cause: %s\n", cause)
	}
	p, err := functions.ReadCommandProgress(i.Job)
	if err != nil {
		return err
	}
	switch v := p.Verified; {
	case v != nil:
		plain.Fprintf(out, "%s verified, %s of them differ\n", progress.Plural(v.Devices, "device", "devices"), progress.Count(int64(v.Drifted)))
	case i.Record != nil:
		plain.Fprintf(out, "%s: %s\n", entries(i.Counts().Entries), outcomesText(i.Counts()))
	}
	printReasons(out, reasons, advisedOf(i, stack))
	if !i.Ended() {
		plain.Fprintf(out, "to cancel it: thingpress cancel %s%s\n", i.Job.Import, namingOf(stack))
	}
	return nil
}
