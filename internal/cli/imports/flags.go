// Package imports has the commands that plan, run and list imports.
package imports

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/progress"
)

// runFlags are the flags that plan and import share.
type runFlags struct {
	decode  manifests.Flags
	objects manifests.ObjectFlags
	attach  AttachFlags
	target  target.Flags
	quotas  target.QuotaFlags

	lists   ListFlags
	partial bool
	// ignorePolicy goes on although no device could work under the policies.
	ignorePolicy bool
	quiet        bool
	output       terminal.Output
}

func (f *runFlags) add(c *cobra.Command) {
	f.decode.Add(c)
	f.attach.Add(c)
	f.target.Add(c)
	f.quotas.Add(c)
	flags := c.Flags()
	f.objects.Add(flags)
	f.lists.Add(flags)
	flags.BoolVar(&f.partial, "partial", false, "import the entries before a break in a manifest")
	flags.BoolVar(&f.ignorePolicy, "ignore-policy", false, "go on even if the policies let no device work")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	f.output.AddFlag(c)
}

// reading returns how manifests are opened.
func (f *runFlags) reading(printer *progress.Printer, streams terminal.Streams) manifests.Reading {
	return manifests.Reading{
		Stdin: streams.In, Objects: f.objects, Profile: f.target.Profile, Region: f.target.Region, Printer: printer,
	}
}

// settings parses the flags that select how devices are imported.
func (f *runFlags) settings(ctx context.Context) (engine.Settings, error) {
	decode, err := f.decode.Options(ctx)
	if err != nil {
		return engine.Settings{}, err
	}
	s, err := f.attach.Settings()
	if err != nil {
		return s, err
	}
	s.Decode, s.Partial = decode, f.partial
	s.Only, s.Skip, err = f.lists.Read(ctx)
	return s, err
}

// AttachFlags are the flags that name the attachments of every device.
type AttachFlags struct {
	policies     []string
	groups       []string
	thingType    string
	billingGroup string
	attributes   []string
	status       statusFlag
	rows         rowsFlag
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

// rowsFlag is --row-settings.
type rowsFlag string

func (r *rowsFlag) String() string { return string(*r) }
func (r *rowsFlag) Type() string   { return "add|replace|ignore" }

func (r *rowsFlag) Set(value string) error {
	switch value {
	case rowsAdd, string(device.RowsReplace), string(device.RowsIgnore):
		*r = rowsFlag(value)
		return nil
	}
	return fmt.Errorf("%q is none of add, replace and ignore", value)
}

// rowsAdd is the value of --row-settings for [device.RowsAdd].
const rowsAdd = "add"

// mode returns the value for settings. That of the default is empty, as it was before there was the flag.
func (r rowsFlag) mode() device.Rows {
	if r == rowsAdd {
		return device.RowsAdd
	}
	return device.Rows(r)
}

// Add adds the flags to a command.
func (f *AttachFlags) Add(c *cobra.Command) {
	f.status, f.rows = "ACTIVE", rowsAdd
	flags := c.Flags()
	flags.StringArrayVar(&f.policies, "policy", nil, "policy `name` to attach to every certificate (repeatable)")
	flags.StringArrayVar(&f.groups, "thing-group", nil, "`name` of a thing group to add every thing to (repeatable)")
	flags.StringVar(&f.thingType, "thing-type", "", "`name` of the thing type of every thing")
	flags.StringVar(&f.billingGroup, "billing-group", "", "`name` of the billing group of every thing")
	flags.StringArrayVar(&f.attributes, "attribute", nil,
		"attribute of every thing, as `name=value`; the value is a template as in --thing-name (repeatable)")
	flags.Var(&f.status, "status", "status of registered certificates")
	flags.BoolVar(&f.adopt, "adopt", false,
		"take over existing devices: activate certificates, update thing types and attributes, add attachments")
	flags.Var(&f.rows, "row-settings",
		"how policies, groups, type, attributes, billing group and status in a table count: besides these flags, instead of them, or not")
	flags.BoolVar(&f.exclusive, "exclusive", false, "attach every certificate to its thing exclusively (EXCLUSIVE_THING)")
}

// Settings returns the settings that the flags name.
func (f *AttachFlags) Settings() (engine.Settings, error) {
	a, err := f.Attachments()
	return engine.Settings{Attachments: a, Status: iot.Status(f.status), Adopt: f.adopt, Exclusive: f.exclusive, Rows: f.rows.mode()}, err
}

// AddCounted adds to a command the flags on which the number of calls depends. The others are not in
// the help, and are accepted and ignored so that the flags of an import can be pasted.
func (f *AttachFlags) AddCounted(c *cobra.Command) {
	f.Add(c)
	for _, name := range []string{"thing-type", "billing-group", "attribute", "status", "adopt", "exclusive", "row-settings"} {
		c.Flags().Lookup(name).Hidden = true
	}
}

// AddJudged adds to a command the flags on which it depends what a device may do. The others are
// hidden, so that the flags of an import can be pasted.
func (f *AttachFlags) AddJudged(c *cobra.Command) {
	f.Add(c)
	c.Flags().Lookup("policy").Usage = "policy, by its name or as a `file` with its document (repeatable)"
	for _, name := range []string{"billing-group", "status", "adopt", "row-settings"} {
		c.Flags().Lookup(name).Hidden = true
	}
}

// Exclusive reports whether certificates are attached exclusively.
func (f *AttachFlags) Exclusive() bool { return f.exclusive }

// Split takes the policies that are files out of the flags, and returns their paths. A value with a
// separator of paths or with the ending .json is a path, because no policy has such a name; so is
// the name of a file that exists.
func (f *AttachFlags) Split() (files []string) {
	f.policies = slices.DeleteFunc(f.policies, func(value string) bool {
		_, err := os.Stat(value)
		isFile := strings.ContainsAny(value, `/\`) || strings.HasSuffix(value, ".json") || value != "" && err == nil
		if isFile {
			files = append(files, value)
		}
		return isFile
	})
	return files
}

// Attachments returns the attachments that the flags name.
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
	if faults := a.Faults(); len(faults) > 0 {
		return a, exit.UsageError(&device.AttachmentError{Findings: faults}, advice.Attachment(faults[0], advice.CLI, "").Todo)
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
