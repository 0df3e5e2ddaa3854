// Package imports has the commands that plan imports, carry them out and list
// them.
package imports

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
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

// AttachFlags are the flags that name what every device is to get.
type AttachFlags struct {
	policies     []string
	groups       []string
	thingType    string
	billingGroup string
	attributes   []string
	status       statusFlag
	adopt        bool
	exclusive    bool
}

// statusFlag is --status.
type statusFlag string

func (s *statusFlag) String() string { return string(*s) }
func (s *statusFlag) Type() string   { return "ACTIVE|INACTIVE" }

func (s *statusFlag) Set(value string) error {
	value = strings.ToUpper(value)
	if value != "ACTIVE" && value != "INACTIVE" {
		return fmt.Errorf("%q is neither ACTIVE nor INACTIVE", value)
	}
	*s = statusFlag(value)
	return nil
}

// Add adds the flags to a command.
func (f *AttachFlags) Add(c *cobra.Command) {
	f.status = "ACTIVE"
	flags := c.Flags()
	flags.StringArrayVar(&f.policies, "policy", nil, "policy that is attached to every certificate (repeatable)")
	flags.StringArrayVar(&f.groups, "thing-group", nil, "thing group that every thing is added to (repeatable)")
	flags.StringVar(&f.thingType, "thing-type", "", "thing type of every thing")
	flags.StringVar(&f.billingGroup, "billing-group", "", "billing group of every thing")
	flags.StringArrayVar(&f.attributes, "attribute", nil, "attribute k=v of every thing; v is a template as in --thing-name (repeatable)")
	flags.Var(&f.status, "status", "status in which certificates are registered")
	flags.BoolVar(&f.adopt, "adopt", false, "take over what exists: activate, update type and attributes, attach beside what is there")
	flags.BoolVar(&f.exclusive, "exclusive", false, "attach certificates with EXCLUSIVE_THING")
}

// Attachments parses the flags.
func (f *AttachFlags) Attachments() (device.Attachments, error) {
	a := device.Attachments{ThingType: f.thingType, BillingGroup: f.billingGroup}
	var err error
	if a.Policies, err = distinct("policy", f.policies); err != nil {
		return a, err
	}
	if a.ThingGroups, err = distinct("thing-group", f.groups); err != nil {
		return a, err
	}
	if a.Attributes, err = device.ParseAttributes(f.attributes); err != nil {
		return a, exit.UsageError(fmt.Errorf("--attribute %w", err), "")
	}
	return a, nil
}

func distinct(flag string, values []string) ([]string, error) {
	for i, value := range values {
		switch {
		case value == "":
			return nil, exit.UsageError(fmt.Errorf("--%s is empty", flag), "")
		case slices.Contains(values[:i], value):
			return nil, exit.UsageError(fmt.Errorf("--%s %s is given twice", flag, value), "")
		}
	}
	return values, nil
}
