// Package cli implements the thingpress command. Each subpackage has the commands for
// one noun, with a file per command. They share terminal, target and exit.
// Only Main decides the exit code.
package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/export"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/policies"
	"github.com/thingpress/thingpress/internal/cli/prove"
	"github.com/thingpress/thingpress/internal/cli/quotas"
	"github.com/thingpress/thingpress/internal/cli/sandboxes"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/signers"
	"github.com/thingpress/thingpress/internal/cli/stacks"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/verify"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/plain"
)

// System returns the streams of this process. From then on it catches interrupts.
func System() terminal.Streams { return terminal.System() }

// Main runs the command line and returns the exit code.
//
// The first interrupt cancels the command's context, and the command ends in order.
// The second one cancels [terminal.AbortContext], and calls in flight are abandoned.
func Main(ctx context.Context, args []string, streams terminal.Streams) int {
	ctx, stop := terminal.Interruptible(ctx, streams.Interrupts)
	defer stop()
	streams.In = terminal.InterruptibleReader(ctx, streams.In)

	streams = streams.Cleaned()
	streams.Log = &terminal.Log{}
	context.AfterFunc(ctx, streams.Log.Flush)
	root := newRoot(streams)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if terminal.Interrupted(ctx) {
		err = exit.AfterInterrupt(err)
	}
	err = awsiot.Explain(err)
	code := exit.Code(err)
	streams.Log.Exit(code, err)
	if err := streams.Log.Close(); err != nil {
		plain.Fprintf(streams.Err, "warning: the log has not all lines: %v\n", err)
	}
	if err != nil {
		printFailure(streams, command, err, code)
	}
	return code
}

// Commands returns the root command, for programs that document the commands. It must
// not be executed.
func Commands() *cobra.Command { return newRoot(terminal.Streams{}) }

func newRoot(streams terminal.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "thingpress",
		Short: "Import the devices of certificate manifests into AWS IoT Core",
		Long: `Thingpress imports the certificate manifest that a secure-element vendor ships
with a reel of chips into AWS IoT Core, so that every device in it can connect.
For each device it registers the certificate, creates the thing, and attaches
policies, thing type and groups. It accounts for every entry.

Every flag can also be set by an environment variable, such as
THINGPRESS_THING_TYPE for --thing-type, and in a config file, which can have several
targets. See 'thingpress help environment'.

` + exit.Help,
		Example: `  # check a manifest without calling AWS
  thingpress inspect reel.csv

  # rehearse the import in the embedded sandbox
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import into AWS
  thingpress import --policy sensors --thing-type sensor reel.csv`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			if asked, _ := c.Flags().GetBool("version"); asked {
				_, err := fmt.Fprint(streams.Out, version.Build())
				return err
			}
			return c.Help()
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if _, err := settings.Load(c, streams, Commands); err != nil {
				return err
			}
			return openLog(c, streams)
		},
	}
	root.Flags().Bool("version", false, "print the version")
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return exit.UsageError(settings.Mistake(err), meant(c, err)) })
	width := 80
	if streams.Width != nil {
		width = min(max(width, streams.Width()), 120)
	}
	colour := terminal.ColourAuto
	root.PersistentFlags().Var(&colour, "color", "colours in the output")
	streams.Colour = &colour
	settings.AddFlags(root)
	root.SetUsageFunc(printUsage(width))
	root.SetHelpFunc(printHelp(width))
	root.AddCommand(stacks.WithStack(streams,
		after.NewActivate(streams),
		after.NewDeactivate(streams),
		after.NewReplace(streams),
		after.NewUndo(streams),
		imports.NewConvert(streams),
		manifests.NewDiff(streams),
		export.NewCommand(streams),
		manifests.NewGenerate(streams),
		imports.NewImport(streams),
		imports.NewList(streams),
		manifests.NewInspect(streams),
		imports.NewPlan(streams),
		policies.NewCommand(streams),
		prove.NewCommand(streams),
		quotas.NewCommand(streams),
		imports.NewReport(streams),
		sandboxes.NewCommand(streams),
		imports.NewShow(streams),
		signers.NewCommand(streams),
		stacks.NewCommand(streams),
		verify.NewCommand(streams),
		version.NewCommand(streams),
	)...)
	root.AddCommand(stacks.NewOrders(streams)...)
	root.AddCommand(settings.NewCommand(root, streams, Commands))
	root.AddCommand(topics()...)
	root.AddCommand(tableTopics()...)
	settings.AcceptOldNames(root)
	refuseUnknownWords(root)
	argumentsAreUsage(root)
	completeFlags(root, valuesOf(streams))
	return root
}

// openLog opens the log if a command is to have one. Its clients of AWS find it in its context.
func openLog(c *cobra.Command, streams terminal.Streams) error {
	opened, err := streams.Log.Open(c.Context(), c.Flags(), streams.Err)
	switch {
	case terminal.Interrupted(c.Context()):
		return err
	case err != nil:
		return exit.UsageError(err, "name a file in a writable directory")
	case opened:
		streams.Log.Command(c.CommandPath(), version.Current())
		c.SetContext(awsiot.WithCalls(c.Context(), streams.Log.Call))
	}
	return nil
}

// argumentsAreUsage makes errors about the positional arguments of a command and of
// its subcommands exit with [exit.Usage].
func argumentsAreUsage(c *cobra.Command) {
	check := c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return exit.UsageError(countsInWords(err), meant(c, err))
		}
		return nil
	}
	for _, sub := range c.Commands() {
		argumentsAreUsage(sub)
	}
}

// A failureLine is the JSON line for the error that ended a command.
type failureLine struct {
	Type  string `json:"type"`
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	Exit  int    `json:"exit"`
}

func printFailure(streams terminal.Streams, command *cobra.Command, err error, code int) {
	message := err.Error()
	if message == "" {
		return
	}
	hint := exit.Hint(err)
	if command != nil && terminal.OutputOf(command) == terminal.JSON {
		_ = streams.PrintJSON(failureLine{"error", message, hint, code}) // the exit code reports it all the same
		return
	}
	streams.PrintError(message, hint)
}
