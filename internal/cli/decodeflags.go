package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// decodeFlags are the flags that say how manifests are decoded and judged:
// the same for inspect, plan and import.
type decodeFlags struct {
	vendor       string
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

func (f *decodeFlags) add(c *cobra.Command) {
	limits := manifest.DefaultLimits()
	flags := c.Flags()
	flags.StringVar(&f.vendor, "vendor", "", "format of the manifests: "+strings.Join(vendors.Names(), ", ")+"; by default it is told from the content")
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

// options turns the flags into what decoders take; the errors are about usage.
func (f *decodeFlags) options() (manifest.Options, error) {
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
		return options, usage(fmt.Errorf("--thing-name: %w", err), "quote the template, such as --thing-name 'sensor-{id}'")
	}
	options.ThingName = template
	switch options.Bundle {
	case "E0E0", "E0E1", "E0E2":
	default:
		return options, usage(fmt.Errorf("--bundle %q is none of E0E0, E0E1, E0E2", f.bundle), "")
	}
	if f.vendor != "" {
		if _, err := vendors.Lookup(f.vendor); err != nil {
			return options, usage(fmt.Errorf("--vendor: %w", err), "")
		}
	}
	if len(f.signers) > 0 {
		if options.Signers, err = vendors.LoadSigners(f.signers...); err != nil {
			return options, usage(fmt.Errorf("--signer: %w", err), "Microchip publishes the certificates of its manifest signers beside the manifests")
		}
	}
	return options, nil
}

// checkLimits refuses limits that nothing can keep: what is not positive is a
// slip of the hand, and must not turn a limit off.
func (f *decodeFlags) checkLimits() error {
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
			return usage(fmt.Errorf("--%s %d is not positive", limit.flag, limit.value), "leave the flag out for the default")
		}
	}
	return nil
}

// decoder is the one that --vendor asks for, or the one that the content tells.
func (f *decodeFlags) decoder(in manifest.Input) (manifest.Decoder, error) {
	if f.vendor != "" {
		return vendors.Lookup(f.vendor)
	}
	return vendors.Detect(in)
}
