// Package after has the commands over the devices of an import that was made before: undo, activate,
// deactivate and replace. [Open] and [Session.Run] are what every such command shares.
package after

import (
	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
)

// Flags are the flags of every later command.
type Flags struct {
	Target target.Flags
	Quotas target.QuotaFlags
	Lists  imports.ListFlags

	Ledger    string
	Report    string
	Overwrite bool
	Yes       bool
	Quiet     bool
	Output    terminal.Output
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	f.Target.Add(c)
	f.Quotas.Add(c)
	flags := c.Flags()
	f.Lists.Add(flags)
	flags.StringVar(&f.Ledger, "ledger", "", "ledger `file` (default: the ledgers of this machine)")
	flags.StringVar(&f.Report, "report", "", "write the outcome of every entry to this `file`, .jsonl or .csv")
	flags.BoolVar(&f.Overwrite, "overwrite", false, "let --report replace a file that is not the report of the same command")
	flags.BoolVarP(&f.Yes, "yes", "y", false, "do not ask before the command starts")
	flags.BoolVarP(&f.Quiet, "quiet", "q", false, "print no progress")
	f.Output.AddFlag(c)
}
