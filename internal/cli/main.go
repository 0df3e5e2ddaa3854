// Package cli is the thingpress command. Each subpackage holds the commands on
// one noun, a file per command; terminal, target and exit are what they share.
// Only Main decides the exit code.
package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/quotas"
	"github.com/thingpress/thingpress/internal/cli/sandboxes"
	"github.com/thingpress/thingpress/internal/cli/stacks"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
)

// System returns the streams of this process, and catches interrupts from then on.
func System() terminal.Streams { return terminal.System() }

// Main runs the command line and returns the exit code.
//
// The first interrupt cancels the command's context, and the command ends in
// order; the second one cancels [terminal.AbortContext], and calls in flight are given up.
func Main(ctx context.Context, args []string, streams terminal.Streams) int {
	ctx, stop := terminal.Interruptible(ctx, streams.Interrupts)
	defer stop()
	streams.In = terminal.InterruptibleReader(ctx, streams.In)

	root := newRoot(streams)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if terminal.Interrupted(ctx) {
		err = exit.AfterInterrupt(err)
	}
	code := exit.Code(err)
	if err != nil {
		printFailure(streams, command, err, code)
	}
	return code
}

func newRoot(streams terminal.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "thingpress",
		Short: "Bring the devices of certificate manifests into AWS IoT Core",
		Long: `Thingpress takes the certificate manifest that a secure-element vendor ships with
a reel of chips, and makes every device in it able to connect to AWS IoT Core:
certificate registered, thing created, policies, type and groups attached.
It accounts for every entry.

Every flag can also be given as an environment variable: --thing-type as
THINGPRESS_THING_TYPE. Flags that repeat take several values there, separated by
commas; \, is a comma inside a value.

` + exit.Help,
		Example: `  # look into a manifest, no AWS involved
  thingpress inspect reel.csv

  # rehearse the import into the embedded sandbox
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import into AWS
  thingpress import --policy sensors --thing-type sensor reel.csv`,
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return flagsFromEnvironment(c.Flags(), streams.LookupEnv) },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.UsageError(err, "see '"+c.CommandPath()+" --help'")
	})
	root.AddCommand(
		manifests.NewGenerate(streams),
		imports.NewImport(streams),
		imports.NewList(streams),
		manifests.NewInspect(streams),
		imports.NewPlan(streams),
		quotas.NewCommand(streams),
		sandboxes.NewCommand(streams),
		stacks.NewCommand(streams),
		version.NewCommand(streams),
	)
	argumentsAreUsage(root)
	return root
}

// argumentsAreUsage makes errors about the positional arguments of a command, and
// of those below it, exit with [exit.Usage].
func argumentsAreUsage(c *cobra.Command) {
	check := c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return exit.UsageError(err, "see '"+c.CommandPath()+" --help'")
		}
		return nil
	}
	for _, below := range c.Commands() {
		argumentsAreUsage(below)
	}
}

// A failureLine is the error that a command ends with, as JSON.
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
		_ = streams.PrintJSON(failureLine{"error", message, hint, code}) // the exit code still tells
		return
	}
	fmt.Fprintf(streams.Err, "thingpress: %s\n", message)
	if hint != "" {
		fmt.Fprintf(streams.Err, "hint: %s\n", hint)
	}
}
