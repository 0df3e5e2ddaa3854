// Package version has the version of this program and the command that prints it.
package version

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// Current returns the module version that the Go toolchain recorded in the binary.
func Current() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// NewCommand returns `thingpress version`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  thingpress version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, "thingpress", Current())
			return err
		},
	}
}
