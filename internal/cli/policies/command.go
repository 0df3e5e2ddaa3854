// Package policies has the commands about what devices may do.
package policies

import (
	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// NewCommand returns `thingpress policy`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Check what policies let devices do",
		Long:  "Check what AWS IoT policies let devices do, before the devices exist and afterwards.",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newCheck(streams), newExplain(streams), newVectors(streams))
	return c
}
