// Package cli is the thingpress command: one file per subcommand, each an
// options struct with its own flags and a run function. Only Main decides the
// exit code.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Main runs the command line and returns the exit code.
//
// The first interrupt cancels the command's context, and the command ends in
// order; the second one cancels [abortContext], and calls in flight are given up.
func Main(ctx context.Context, args []string, streams Streams) int {
	ctx, stop := interruptible(ctx, streams.Interrupts)
	defer stop()

	root := newRoot(streams)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	code := exitCode(err)
	if err != nil {
		printFailure(streams, command, err, code)
	}
	return code
}

func newRoot(streams Streams) *cobra.Command {
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

` + exitHelp,
		Example: `  # look into a manifest, no AWS involved
  thingpress inspect reel.csv

  # rehearse the import into the embedded sandbox
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import into AWS
  thingpress import --policy sensors --thing-type sensor reel.csv`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			return flagsFromEnvironment(c.Flags(), streams.LookupEnv)
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(err, "see '"+c.CommandPath()+" --help'")
	})
	root.AddCommand(
		newGenerate(streams),
		newImport(streams),
		newImports(streams),
		newInspect(streams),
		newPlan(streams),
		newQuotas(streams),
		newSandbox(streams),
		newStack(streams),
		newVersion(streams),
	)
	argumentsAreUsage(root)
	return root
}

// argumentsAreUsage makes errors about the arguments of a command, and of those
// below it, exit with ExitUsage.
func argumentsAreUsage(c *cobra.Command) {
	c.Args = asUsage(c.Args)
	for _, below := range c.Commands() {
		argumentsAreUsage(below)
	}
}

// asUsage makes errors about positional arguments exit with ExitUsage.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(err, "see '"+c.CommandPath()+" --help'")
		}
		return nil
	}
}

func printFailure(streams Streams, command *cobra.Command, err error, code int) {
	message := err.Error()
	if message == "" {
		return
	}
	hint := hintOf(err)
	if command != nil && outputOf(command) == outputJSON {
		line, _ := json.Marshal(struct {
			Type  string `json:"type"`
			Error string `json:"error"`
			Hint  string `json:"hint,omitempty"`
			Exit  int    `json:"exit"`
		}{"error", message, hint, code})
		fmt.Fprintf(streams.Out, "%s\n", line)
		return
	}
	fmt.Fprintf(streams.Err, "thingpress: %s\n", message)
	if hint != "" {
		fmt.Fprintf(streams.Err, "hint: %s\n", hint)
	}
}

func hintOf(err error) string {
	var exit *exitError
	if errors.As(err, &exit) && exit.hint != "" {
		return exit.hint
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
