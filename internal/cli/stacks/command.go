package stacks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// doing are the verbs of commands as progress.
var doing = map[string]string{
	functions.VerbActivate: "activating", functions.VerbDeactivate: "deactivating", functions.VerbVerify: "verifying",
	functions.VerbUndo: "undoing",
}

// runCommand returns the function that gives a command over imports to a stack, and follows it to its end.
func runCommand(verb string) func(context.Context, stackFlags, *pflag.FlagSet, []string, terminal.Streams) error {
	return func(ctx context.Context, f stackFlags, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
		g := giving{stackFlags: f, yes: boolOf(flags, "yes"), report: textOf(flags, "report"), streams: streams}
		g.command = functions.Command{
			Verb: verb, Full: boolOf(flags, "full"), Fix: boolOf(flags, "fix"), Connected: boolOf(flags, "connected"),
			DryRun: boolOf(flags, "dry-run"), DeactivateOnly: boolOf(flags, "deactivate-only"),
			IgnoreUnmatched: boolOf(flags, "ignore-unmatched"),
		}
		for _, l := range []struct {
			flag string
			to   *string
		}{{"only", &g.command.Only}, {"skip", &g.command.Skip}} {
			if err := readList(ctx, l.flag, textOf(flags, l.flag), g.command.IgnoreUnmatched, l.to); err != nil {
				return err
			}
		}
		if len(g.command.Only)+len(g.command.Skip) > functions.MostLists {
			return exit.UsageError(fmt.Errorf("--only and --skip have more than %d KB", functions.MostLists>>10),
				"divide them, and run the command for each part")
		}
		if g.report != "" {
			if err := checkFindingsFile(g.report, boolOf(flags, "overwrite")); err != nil {
				return err
			}
		}
		return g.give(ctx, args)
	}
}

// readList reads the text of a list of devices in UTF-8.
func readList(ctx context.Context, flag, name string, ignore bool, to *string) error {
	if name == "" {
		return nil
	}
	file, err := terminal.OpenFile(ctx, name, os.O_RDONLY, 0)
	if err != nil {
		return exit.UsageError(fmt.Errorf("--%s: %w", flag, err), "")
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := engine.ReadFilterText(terminal.InterruptibleReader(ctx, file))
	if err != nil {
		return exit.UsageError(fmt.Errorf("--%s %s: %w", flag, name, err), "")
	}
	list, err := engine.ReadFilter(strings.NewReader(text))
	if err != nil {
		return exit.UsageError(fmt.Errorf("--%s %s: %w", flag, name, err), "")
	}
	if !list.Usable() && !ignore {
		return exit.UsageError(fmt.Errorf("--%s %s: the file lists no device", flag, name),
			"list a thing name, vendor ID or certificate ID per line, or leave out --"+flag)
	}
	*to = strings.ToValidUTF8(text, "\uFFFD")
	return nil
}

// A giving is a command on its way to a stack.
type giving struct {
	stackFlags
	command functions.Command
	yes     bool
	report  string
	streams terminal.Streams

	stack   *operate.Stack
	imports []operate.Import
}

// changes reports whether the command changes something in AWS IoT.
func (g *giving) changes() bool { return g.command.Recorded() }

func (g *giving) nothing() string {
	switch g.command.Verb {
	case functions.VerbUndo:
		return "nothing was undone"
	case functions.VerbVerify:
		return "nothing was changed"
	}
	return "nothing was " + g.command.Verb + "d"
}

// give gives the command to the stack, and follows it.
func (g *giving) give(ctx context.Context, args []string) (err error) {
	if g.changes() {
		if err := exit.Unapproved(g.yes, g.streams, g.nothing()); err != nil {
			return err
		}
	}
	if len(args) > 1 && g.command.Verb == functions.VerbVerify {
		return exit.UsageError(errors.New("a stack verifies one of its imports at a time"),
			"name the ID of an import; thingpress imports"+g.naming2()+" lists them")
	}
	if g.stack, err = g.open(ctx, g.streams); err != nil {
		return err
	}
	if err := g.stack.CheckCommand(&g.command); err != nil {
		return g.explain(err)
	}
	for _, id := range args {
		i, err := g.chooseImport(ctx, g.stack, id)
		switch {
		case err != nil:
			return err
		case i.Job.Command != nil:
			return exit.UsageError(fmt.Errorf("%s is the command %s, not an import", i.Job.Import, i.Job.Command.Verb), "name one of its imports: "+
				strings.Join(i.Job.Command.Of, ", "))
		case !i.Ended() || i.Record == nil:
			return exit.WithHint(fmt.Errorf("import %s is %s", i.Job.Import, i.State()),
				"wait for its end with thingpress stack import --follow "+i.Job.Import+g.naming()+", or cancel it first")
		}
		g.imports, g.command.Of = append(g.imports, i), append(g.command.Of, i.Job.Import)
	}
	if g.changes() && !g.yes {
		if err := g.confirm(); err != nil {
			return err
		}
	}
	job, resumed, err := g.stack.Begin(ctx, g.command, g.imports)
	if err != nil {
		return exit.IfInterrupted(ctx, g.explain(err), "interrupted; give the command again to be sure that the stack has it")
	}
	return g.follow(ctx, job, resumed)
}

// explain adds what to do to an error.
func (g *giving) explain(err error) error {
	var running *functions.RunningError
	switch {
	case errors.Is(err, operate.ErrNoUndo):
		return exit.WithHint(err, "allow it with thingpress stack deploy --parameter AllowUndo=true"+g.naming())
	case errors.As(err, &running):
		return exit.WithHint(running, hintRunning(running, g.naming()))
	}
	return err
}

// hintRunning returns what to do about a command that is at work. Naming is the flag that names the stack.
func hintRunning(running *functions.RunningError, naming string) string {
	return "wait for its end, or cancel it with thingpress cancel " + running.Command + naming
}

// confirm shows what the command is about, and asks.
func (g *giving) confirm() error {
	devices := 0
	for _, i := range g.imports {
		c := i.Counts()
		devices += c.Imported + c.Unchanged + c.Failed
		plain.Fprintf(g.streams.Err, "import %s of %s, begun %s: %s imported, %s unchanged, %s failed\n", i.Job.Import,
			path.Base(i.Job.Upload.Key), i.Job.Created.Local().Format(imports.Minute), count(c.Imported), count(c.Unchanged), count(c.Failed))
	}
	where := fmt.Sprintf("account %s, %s", g.stack.ID, g.stack.Region)
	switch {
	case g.command.Verb == functions.VerbUndo && !g.command.DeactivateOnly:
		short := g.imports[0].Job.Import[:shortID]
		plain.Fprintf(g.streams.Err, "Undo removes what the import created. %s%s --dry-run shows how much that is.\n",
			"thingpress undo "+strings.Join(g.command.Of, " "), g.naming2())
		answer := g.streams.Ask(fmt.Sprintf("This cannot be undone. To go on in %s, type %s: ", where, short))
		if answer != short && answer != g.imports[0].Job.Import {
			return exit.NotConfirmed(g.nothing())
		}
		return nil
	case g.command.Verb == functions.VerbVerify:
		if g.streams.Confirm(fmt.Sprintf("make what devices lack, of up to %s, in %s?", progress.Plural(devices, "device", "devices"), where)) {
			return nil
		}
	default:
		upTo := progress.Plural(devices, "device", "devices")
		if g.streams.Confirm(fmt.Sprintf("%s the certificates of up to %s in %s?", g.command.Verb, upTo, where)) {
			return nil
		}
	}
	return exit.NotConfirmed(g.nothing())
}

// shortID is the number of characters of an ID that are typed to confirm.
const shortID = 13

// naming2 returns the flag that names the stack in a hint to a command that a machine has as well, which needs
// it also for the default.
func (g *giving) naming2() string { return " --stack " + terminal.ShellQuote(g.stackFlags.stack) }

// follow shows the progress of a command until it has ended, and then its result.
func (g *giving) follow(ctx context.Context, job functions.Job, resumed bool) error {
	printer := g.streams.Progress(g.quiet, g.output)
	defer printer.Close()
	if resumed {
		printer.Note("going on with command %s of stack %s", job.Import, g.stack.Name)
	} else {
		printer.Note("command %s of stack %s", job.Import, g.stack.Name)
	}
	left := func(err error) error {
		return exit.IfInterrupted(ctx, err, "interrupted; the stack goes on with the command; see thingpress show "+job.Import+g.naming2()+
			", or cancel it with thingpress cancel "+job.Import+g.naming())
	}
	total, told := 0, ""
	for _, i := range g.imports {
		total += i.Counts().Entries
	}
	var meter rateMeter
	for {
		i, err := g.stack.Import(ctx, job.Import)
		if err != nil {
			return left(err)
		}
		if i.Ended() {
			printer.Pause()
			return g.end(ctx, i)
		}
		done, err := doneOf(i)
		if err != nil {
			return err
		}
		if cause := i.Cause(); cause != "" && cause != told {
			printer.Note("stalled: %s", cause)
			told = cause
		}
		printer.Update(progress.Status{
			Phase: doing[g.command.Verb], Done: int64(done), Total: int64(total), Rate: meter.at(time.Now(), done),
			Failed: int64(i.Counts().Failed),
		})
		if err := backoff.Sleep(ctx, followEvery); err != nil {
			return left(err)
		}
	}
}

// doneOf returns how many entries of a command are done.
func doneOf(i operate.Import) (int, error) {
	if c := i.Counts(); i.Record != nil && i.Job.Command.Verb != functions.VerbVerify {
		return c.Entries - c.Pending(), nil
	}
	p, err := functions.ReadCommandProgress(i.Job)
	return p.Next.Entry, err
}

// failuresOf returns why devices failed or were kept.
func (g *giving) failuresOf(ctx context.Context, i operate.Import, p functions.CommandProgress) ([]ledger.Reason, error) {
	if i.Record == nil {
		return p.Reasons, nil
	}
	if c := i.Counts(); c.Failed+c.Kept+c.Rejected+c.Skipped == 0 {
		return nil, nil
	}
	return g.stack.Tally(ctx, i.Job.Import)
}
