// Package imports has the commands that plan imports, carry them out and list
// them.
package imports

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
)

// runFlags are the flags that plan and import share.
type runFlags struct {
	decode manifests.Flags
	attach AttachFlags
	target target.Flags
	quotas target.QuotaFlags

	only, skip string
	partial    bool
	quiet      bool
	output     terminal.Output
}

func (f *runFlags) add(c *cobra.Command) {
	f.decode.Add(c)
	f.attach.Add(c)
	f.target.Add(c)
	f.quotas.Add(c)
	flags := c.Flags()
	flags.StringVar(&f.only, "only", "", "file with the devices to import, one a line: thing name, vendor ID or certificate ID")
	flags.StringVar(&f.skip, "skip", "", "file with devices to leave out")
	flags.BoolVar(&f.partial, "partial", false, "import what precedes a break in a manifest")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	f.output.AddFlag(c)
}

// settings parses the flags that decide what becomes of the devices.
func (f *runFlags) settings() (engine.Settings, error) {
	s := engine.Settings{
		Status: iot.Status(f.attach.status), Adopt: f.attach.adopt, Exclusive: f.attach.exclusive, Partial: f.partial,
	}
	var err error
	if s.Decode, err = f.decode.Options(); err != nil {
		return s, err
	}
	if s.Attachments, err = f.attach.Attachments(); err != nil {
		return s, err
	}
	if s.Only, err = readFilter("only", f.only); err != nil {
		return s, err
	}
	s.Skip, err = readFilter("skip", f.skip)
	return s, err
}

func readFilter(flag, path string) (*engine.Filter, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no filter is a filter that names nobody
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--%s: %w", flag, err), "")
	}
	defer file.Close() //nolint:errcheck // it was only read
	filter, err := engine.ReadFilter(file)
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--%s %s: %w", flag, path, err), "")
	}
	return filter, nil
}
