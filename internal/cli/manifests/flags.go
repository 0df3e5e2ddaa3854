// Package manifests has the commands that inspect and generate manifests, and the
// first steps of every command that reads one.
package manifests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Flags are the flags of inspect, plan and import that select how manifests are
// decoded and checked.
type Flags struct {
	Vendor    string
	options   manifest.Options
	thingName string
	named     *pflag.Flag // that of thingName
	signers   []string
	limits    []*pflag.Flag
	tableFlags

	signerFiles
}

// signerFiles are what --signer names, and what it passed over.
type signerFiles struct {
	loaded []vendors.Signer
	passed []vendors.PassedFile
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	f.options.Limits = manifest.DefaultLimits()
	flags, limits := c.Flags(), &f.options.Limits
	flags.StringVar(&f.Vendor, "vendor", "",
		"`format` of the manifests: "+strings.Join(vendors.Names(), ", ")+" (default: detected from the content)")
	of := func(name manifest.OptionName) string { return vendors.Titles(vendors.With(name)) }
	bundles := vendors.Values(manifest.OptionBundle)
	flags.StringVar(&f.options.Bundle, "bundle", bundles[0],
		of(manifest.OptionBundle)+": `bundle` with the certificates to use, one of "+strings.Join(bundles, ", "))
	flags.StringVar(&f.options.Slot, "slot", "",
		of(manifest.OptionSlot)+": `slot` of the key whose certificate is used, if several keys have one")
	flags.StringVar(&f.options.Label, "label", "",
		of(manifest.OptionLabel)+": `label` of the certificate to use, if several are not the vendor's own")
	flags.StringVar(&f.options.Index, "index", "",
		of(manifest.OptionIndex)+": `number` of the certificate to use, from 1, if a group has several")
	flags.StringVar(&f.options.JSONPointer, "json-pointer", "",
		of(manifest.OptionJSONPointer)+": `pointer` to the certificates, with * for every element, such as /certificates/*/pem "+
			"(default: the members with PEM)")
	flags.StringArrayVar(&f.signers, "signer", nil,
		of(manifest.OptionSigners)+": `file` or directory with certificates of manifest signers, or "+publisherNames()+
			" for those that the vendor has published (repeatable)")
	flags.BoolVar(&f.options.AllowLateSignature, "allow-late-signature", false,
		of(manifest.OptionSigners)+": accept entries that were provisioned after the validity of their signer")
	f.addTableFlags(c)
	Complete(c, "vendor", vendors.Names())
	Complete(c, "bundle", bundles)
	flags.StringVar(&f.thingName, "thing-name", "{cn}", thingNameHelp)
	f.named = flags.Lookup("thing-name")
	flags.BoolVar(&f.options.AllowExpired, "allow-expired", false, "accept expired certificates")
	flags.BoolVar(&f.options.AllowCA, "allow-ca", false, "accept device certificates that say CA:TRUE, such as those of openssl req -x509")
	flags.Int64Var(&limits.DictionaryBytes, "max-dictionary", limits.DictionaryBytes, "largest LZMA dictionary of an archive, in `bytes`")
	flags.Int64Var(&limits.ExpandedBytes, "max-expanded", limits.ExpandedBytes, "largest size that an archive may expand to, in `bytes`")
	flags.Int64Var(&limits.ExpansionRatio, "max-ratio", limits.ExpansionRatio, "largest expansion of an archive, as a `multiple` of its size")
	flags.IntVar(&limits.ArchiveMembers, "max-members", limits.ArchiveMembers, "maximum `number` of files in an archive")
	flags.IntVar(&limits.Entries, "max-entries", limits.Entries, "maximum `number` of entries in a manifest")
	flags.IntVar(&limits.EntryBytes, "max-entry-bytes", limits.EntryBytes, "longest entry of a manifest, in `bytes`")
	flags.IntVar(&limits.Depth, "max-depth", limits.Depth, "maximum nesting `depth` of the JSON of an entry")
	flags.VisitAll(func(flag *pflag.Flag) {
		if strings.HasPrefix(flag.Name, "max-") {
			f.limits = append(f.limits, flag)
		}
	})
}

const thingNameHelp = "`template` of thing names, with fields such as {cn} {id} {mac} {serial} {ski} {fingerprint} {san.dns} " +
	"{subject.serialnumber} {column.NAME} and modifiers such as {mac|lower|colons} or {cn|replace: .:_}"

// IsPublisher reports whether a value of --signer stands for published signers instead
// of a path.
func IsPublisher(value string) bool {
	_, published := vendors.Published(value)
	return published
}

// publisherNames returns the names of the formats with published signers.
func publisherNames() string {
	var names []string
	for _, f := range vendors.Publishers() {
		names = append(names, f.Vendor())
	}
	return strings.Join(names, ", ")
}

// Options returns the flags as options of decoders. Its errors are usage errors.
func (f *Flags) Options(ctx context.Context) (manifest.Options, error) {
	options := f.options
	// A limit of zero or less is a mistake and must not disable the limit.
	for _, limit := range f.limits {
		if value := limit.Value.String(); value == "0" || strings.HasPrefix(value, "-") {
			return options, exit.UsageError(fmt.Errorf("--%s %s is not positive", limit.Name, value), "leave the flag out for the default")
		}
	}
	var err error
	if !f.named.Changed { // then the format decides
		options.ThingName = manifest.Template{}
	} else if options.ThingName, err = manifest.ParseTemplate(f.thingName); err != nil {
		return options, exit.UsageError(fmt.Errorf("--thing-name: %w", err), "quote the template, such as --thing-name 'sensor-{serial}'")
	}
	options.Bundle = strings.ToUpper(options.Bundle)
	if bundles := vendors.Values(manifest.OptionBundle); !slices.Contains(bundles, options.Bundle) {
		return options, exit.UsageError(fmt.Errorf("--bundle %q is none of %s", f.options.Bundle, strings.Join(bundles, ", ")), "")
	}
	if err := CheckVendor(f.Vendor); err != nil {
		return options, err
	}
	if err := manifest.CheckJSONPointer(options.JSONPointer); err != nil {
		return options, exit.UsageError(fmt.Errorf("--json-pointer: %w", err), "write it such as --json-pointer '/certificates/*/pem'")
	}
	if options.Columns, options.Delimiter, err = f.tables(f.Vendor); err != nil {
		return options, err
	}
	found, err := terminal.Await(ctx, func() (found signerFiles, err error) {
		found.loaded, found.passed, err = vendors.LoadSigners(f.signers...)
		return found, err
	})
	if ctx.Err() != nil {
		return options, context.Cause(ctx)
	}
	if err != nil {
		return options, exit.UsageError(fmt.Errorf("--signer: %w", err),
			"name certificates in PEM or DER, or list the published ones with thingpress signers")
	}
	f.signerFiles = found
	for _, s := range f.loaded {
		options.Signers = append(options.Signers, s.Certificate)
	}
	return options, nil
}

// NoteSigners prints which files of --signer were passed over, and which certificates
// no entry names. Names reports whether an entry names a certificate.
func (f *Flags) NoteSigners(printer *progress.Printer, names func(manifest.CertificateID) bool) {
	for _, p := range f.passed {
		printer.Note("signer %s: %s", p.File, p.Why)
	}
	for _, s := range f.loaded {
		if s.File != "" && !names(manifest.CertificateIDOf(s.Certificate.Raw)) {
			printer.Note("signer %s: unused, because no entry names %s", s.File, manifest.Quote(s.Certificate.Subject.CommonName))
		}
	}
}

// Complete makes shells complete the values of a flag of c. It panics if c lacks the flag.
func Complete(c *cobra.Command, flag string, values []string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// CheckVendor returns a usage error if --vendor names an unknown format.
func CheckVendor(vendor string) error {
	if vendor == "" {
		return nil
	}
	if _, err := vendors.Lookup(vendor); err != nil {
		return exit.UsageError(fmt.Errorf("--vendor: %w", err), "")
	}
	return nil
}

// RequireOne returns an error if the command line names no manifest.
func RequireOne(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no manifest given")
	}
	return nil
}
