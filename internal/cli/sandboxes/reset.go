package sandboxes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/sandbox"
)

func newReset(streams terminal.Streams) *cobra.Command {
	var flags target.Flags
	var yes bool
	c := &cobra.Command{
		Use:   "reset",
		Short: "Empty the embedded sandbox",
		Long: `Remove everything from the embedded sandbox, which --sandbox uses: things,
certificates, policies, types and groups. AWS is not called. The next command with
--sandbox begins with an empty registry. Earlier imports into the sandbox stay in the
list of 'thingpress imports'.

Asks before it removes anything. Without a terminal, pass --yes.`,
		Example: `  thingpress sandbox reset
  thingpress sandbox reset --sandbox-state rehearsal.state --yes`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return resetSandbox(&flags, yes, streams) },
	}
	c.Flags().StringVar(&flags.SandboxState, "sandbox-state", "",
		"`file` with the state of the embedded sandbox (default: sandbox.state in the state directory)")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func resetSandbox(flags *target.Flags, yes bool, streams terminal.Streams) error {
	path, err := flags.StatePath()
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		_, err := plain.Fprintf(streams.Out, "the sandbox is empty: %s\n", path)
		return err
	}
	if err != nil {
		return err
	}
	content, err := describe(path)
	if err != nil {
		return err
	}
	plain.Fprintf(streams.Err, "%s: %s\n", path, content)
	if err := exit.Unapproved(yes, streams, "nothing was removed"); err != nil {
		return err
	}
	if !yes && !streams.Confirm("empty the sandbox?") {
		return exit.NotConfirmed("nothing was removed")
	}
	if err := sandbox.Reset(path); err != nil {
		return err
	}
	_, err = plain.Fprintf(streams.Out, "emptied: %s\n", path)
	return err
}

// describe returns what a state has, or why it cannot be read. It returns an error only if
// another sandbox has the file open.
func describe(path string) (string, error) {
	server, err := sandbox.New(sandbox.Options{StatePath: path})
	if errors.Is(err, sandbox.ErrLocked) {
		return "", exit.WithHint(err, "wait until the other command has ended, then reset the sandbox again")
	}
	if err != nil {
		return err.Error(), nil
	}
	state := server.State()
	return fmt.Sprintf("%s and %s", progress.Plural(len(state.Things), "thing", "things"),
		progress.Plural(len(state.Certificates), "certificate", "certificates")), server.Close()
}
