// Package manifests has the commands that look into manifests and make them, and
// the first steps of every command that reads one.
package manifests

import (
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Flags are the flags that name how manifests are decoded and judged: the same
// for inspect, plan and import.
type Flags struct {
	Vendor       string
	bundle       string
	slot         string
	signers      []string
	thingName    string
	allowExpired bool
	dictionary   int64
	expanded     int64
	ratio        int64
	entries      int
	entryBytes   int
	depth        int
	members      int
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	limits := manifest.DefaultLimits()
	flags := c.Flags()
	flags.StringVar(&f.Vendor, "vendor", "", "format of the manifests: "+strings.Join(vendors.Names(), ", ")+"; by default it is told from the content")
	flags.StringVar(&f.bundle, "bundle", "E0E0", "Infineon: which certificate of a chip, E0E0, E0E1 or E0E2")
	flags.StringVar(&f.slot, "slot", "", "Microchip: slot of the key whose certificate is taken, where several have one")
	flags.StringArrayVar(&f.signers, "signer", nil, "Microchip: certificate of a manifest signer, a file or a directory of them (repeatable)")
	flags.StringVar(&f.thingName, "thing-name", "{cn}", "template of the thing's name over {cn} {mac} {id} {serial} {fingerprint}")
	flags.BoolVar(&f.allowExpired, "allow-expired", false, "take certificates whose validity has ended")
	flags.Int64Var(&f.dictionary, "max-dictionary", limits.DictionaryBytes, "largest LZMA dictionary of an archive, in bytes")
	flags.Int64Var(&f.expanded, "max-expanded", limits.ExpandedBytes, "most bytes that an archive may expand to")
	flags.Int64Var(&f.ratio, "max-ratio", limits.ExpansionRatio, "most times its size that an archive may expand to")
	flags.IntVar(&f.members, "max-members", limits.ArchiveMembers, "most files in an archive")
	flags.IntVar(&f.entries, "max-entries", limits.Entries, "most entries in a manifest")
	flags.IntVar(&f.entryBytes, "max-entry-bytes", limits.EntryBytes, "longest entry of a text manifest, in bytes")
	flags.IntVar(&f.depth, "max-depth", limits.Depth, "Microchip: how deep the JSON of an entry may nest")
}

// Options turns the flags into what decoders take; the errors are about usage.
func (f *Flags) Options() (manifest.Options, error) {
	options := manifest.Options{
		AllowExpired: f.allowExpired,
		Slot:         f.slot,
		Bundle:       strings.ToUpper(f.bundle),
		Limits: manifest.Limits{
			DictionaryBytes: f.dictionary,
			ExpandedBytes:   f.expanded,
			ExpansionRatio:  f.ratio,
			ArchiveMembers:  f.members,
			Entries:         f.entries,
			EntryBytes:      f.entryBytes,
			Depth:           f.depth,
		},
	}
	if err := f.checkLimits(); err != nil {
		return options, err
	}
	template, err := manifest.ParseTemplate(f.thingName)
	if err != nil {
		return options, exit.UsageError(fmt.Errorf("--thing-name: %w", err), "quote the template, such as --thing-name 'sensor-{id}'")
	}
	options.ThingName = template
	switch options.Bundle {
	case "E0E0", "E0E1", "E0E2":
	default:
		return options, exit.UsageError(fmt.Errorf("--bundle %q is none of E0E0, E0E1, E0E2", f.bundle), "")
	}
	if err := CheckVendor(f.Vendor); err != nil {
		return options, err
	}
	if len(f.signers) > 0 {
		if options.Signers, err = vendors.LoadSigners(f.signers...); err != nil {
			return options, exit.UsageError(fmt.Errorf("--signer: %w", err), "Microchip publishes the certificates of its manifest signers beside the manifests")
		}
	}
	return options, nil
}

// checkLimits refuses limits that nothing can keep: what is not positive is a
// slip of the hand, and must not turn a limit off.
func (f *Flags) checkLimits() error {
	for _, limit := range []struct {
		flag  string
		value int64
	}{
		{"max-dictionary", f.dictionary},
		{"max-expanded", f.expanded},
		{"max-ratio", f.ratio},
		{"max-members", int64(f.members)},
		{"max-entries", int64(f.entries)},
		{"max-entry-bytes", int64(f.entryBytes)},
		{"max-depth", int64(f.depth)},
	} {
		if limit.value < 1 {
			return exit.UsageError(fmt.Errorf("--%s %d is not positive", limit.flag, limit.value), "leave the flag out for the default")
		}
	}
	return nil
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
