// Package manifests has the commands that look into manifests and make them, and
// the first steps of every command that reads one.
package manifests

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Flags are the flags that name how manifests are decoded and judged: the same
// for inspect, plan and import.
type Flags struct {
	Vendor    string
	options   manifest.Options
	thingName string
	signers   []string
	limits    []*pflag.Flag
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	f.options.Limits = manifest.DefaultLimits()
	flags, limits := c.Flags(), &f.options.Limits
	flags.StringVar(&f.Vendor, "vendor", "",
		"format of the manifests: "+strings.Join(vendors.Names(), ", ")+"; by default it is told from the content")
	of := func(name manifest.OptionName) string { return vendors.Titles(vendors.With(name)) }
	bundles := vendors.Values(manifest.OptionBundle)
	flags.StringVar(&f.options.Bundle, "bundle", bundles[0],
		of(manifest.OptionBundle)+": which certificate of a chip, one of "+strings.Join(bundles, ", "))
	flags.StringVar(&f.options.Slot, "slot", "", of(manifest.OptionSlot)+": slot of the key whose certificate is taken, if several have one")
	flags.StringArrayVar(&f.signers, "signer", nil,
		of(manifest.OptionSigners)+": certificate of a manifest signer, a file or a directory of them (repeatable)")
	Complete(c, "vendor", vendors.Names())
	Complete(c, "bundle", bundles)
	flags.StringVar(&f.thingName, "thing-name", "{cn}", "template of the thing's name over {cn} {mac} {id} {serial} {fingerprint}")
	flags.BoolVar(&f.options.AllowExpired, "allow-expired", false, "take certificates whose validity has ended")
	flags.Int64Var(&limits.DictionaryBytes, "max-dictionary", limits.DictionaryBytes, "largest LZMA dictionary of an archive, in bytes")
	flags.Int64Var(&limits.ExpandedBytes, "max-expanded", limits.ExpandedBytes, "most bytes that an archive may expand to")
	flags.Int64Var(&limits.ExpansionRatio, "max-ratio", limits.ExpansionRatio, "most times its size that an archive may expand to")
	flags.IntVar(&limits.ArchiveMembers, "max-members", limits.ArchiveMembers, "most files in an archive")
	flags.IntVar(&limits.Entries, "max-entries", limits.Entries, "most entries in a manifest")
	flags.IntVar(&limits.EntryBytes, "max-entry-bytes", limits.EntryBytes, "longest entry of a text manifest, in bytes")
	flags.IntVar(&limits.Depth, "max-depth", limits.Depth, "how deep the JSON of an entry may nest")
	flags.VisitAll(func(flag *pflag.Flag) {
		if strings.HasPrefix(flag.Name, "max-") {
			f.limits = append(f.limits, flag)
		}
	})
}

// Options turns the flags into what decoders take; the errors are about usage.
func (f *Flags) Options() (manifest.Options, error) {
	options := f.options
	// A limit that is not positive is a slip of the hand, and must not turn the limit off.
	for _, limit := range f.limits {
		if value := limit.Value.String(); value == "0" || strings.HasPrefix(value, "-") {
			return options, exit.UsageError(fmt.Errorf("--%s %s is not positive", limit.Name, value), "leave the flag out for the default")
		}
	}
	var err error
	if options.ThingName, err = manifest.ParseTemplate(f.thingName); err != nil {
		return options, exit.UsageError(fmt.Errorf("--thing-name: %w", err), "quote the template, such as --thing-name 'sensor-{id}'")
	}
	options.Bundle = strings.ToUpper(options.Bundle)
	if bundles := vendors.Values(manifest.OptionBundle); !slices.Contains(bundles, options.Bundle) {
		return options, exit.UsageError(fmt.Errorf("--bundle %q is none of %s", f.options.Bundle, strings.Join(bundles, ", ")), "")
	}
	if err := CheckVendor(f.Vendor); err != nil {
		return options, err
	}
	if len(f.signers) > 0 {
		if options.Signers, err = vendors.LoadSigners(f.signers...); err != nil {
			return options, exit.UsageError(fmt.Errorf("--signer: %w", err),
				"the vendor publishes the certificates of its manifest signers beside the manifests")
		}
	}
	return options, nil
}

// Complete makes shells offer values for a flag of c, which must have it.
func Complete(c *cobra.Command, flag string, values []string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// CheckVendor refuses a --vendor that there is not.
func CheckVendor(vendor string) error {
	if vendor == "" {
		return nil
	}
	if _, err := vendors.Lookup(vendor); err != nil {
		return exit.UsageError(fmt.Errorf("--vendor: %w", err), "")
	}
	return nil
}
