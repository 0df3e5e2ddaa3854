package manifests

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

type generateOptions struct {
	vendor    string
	entries   int
	out       string
	seed      string
	key       string
	bundles   []string
	keys      string
	signerOut string
	defects   float64
	quiet     bool
	overwrite bool
}

// NewGenerate returns `thingpress generate`.
func NewGenerate(streams terminal.Streams) *cobra.Command {
	var o generateOptions
	c := &cobra.Command{
		Use:   "generate",
		Short: "Generate manifests for tests and rehearsals",
		Long: `Generate a manifest in the layout of a vendor, for tests, rehearsals and examples.
Nothing in it is real. Every issuer is called "Thingpress Test", and a comment in every
certificate says the same. An import into AWS refuses such certificates.

The same seed gives the same bytes on every machine, except for RSA keys and their
signatures. An RSA key takes about 50 ms, so use EC for large manifests.

With --defects a fraction of the entries is wrong or unusual. FILE.expected.jsonl
next to the manifest then has the expected outcome of every entry: device, rejected or
skipped, as in {"entry":7,"outcome":"rejected","reason":"expired"}`,
		Example: `  # twelve ESP32 modules
  thingpress generate --vendor espressif -n 12 --out reel.csv

  # Microchip, with the certificate of the signer of its entries
  thingpress generate --vendor microchip -n 1000 --seed s1 --out reel.json --signer-out signer.pem

  # Infineon, with private keys so that a test can connect as these devices
  thingpress generate --vendor infineon -n 20 --out reel.7z --keys ./keys

  # ten thousand entries, of which a tenth is wrong or unusual
  thingpress generate --vendor espressif -n 10000 --defects 0.1 --out bad.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return generateManifest(c.Context(), o, streams) },
	}
	flags := c.Flags()
	flags.StringVar(&o.vendor, "vendor", "", "`format`: "+strings.Join(material.Vendors(), ", ")+" (required)")
	flags.IntVarP(&o.entries, "entries", "n", 10, "`number` of entries")
	flags.StringVar(&o.out, "out", "", "`file` to write the manifest to, - for stdout (required)")
	flags.StringVar(&o.seed, "seed", "", "any `text`; the same seed gives the same manifest (default: random, and printed)")
	flags.StringVar(&o.key, "key-type", string(material.EC), "`type` of the devices' keys: ec (P-256) or rsa (2048 bits)")
	flags.StringArrayVar(&o.bundles, "bundle", nil,
		strings.Join(material.Bundled(), ", ")+": `bundle` (repeatable), "+strings.Join(allBundles(),
			", ")+" (default E0E0 and E0E1; all with --key-type rsa)")
	flags.StringVar(&o.keys, "keys", "", "`directory` to write private keys to, as <thing name>.key")
	flags.StringVar(&o.signerOut, "signer-out", "", strings.Join(material.Signed(), ", ")+": `file` to write the certificate of the signer to")
	flags.Float64Var(&o.defects, "defects", 0, "`fraction` of entries to make wrong or unusual, 0 to 1")
	flags.BoolVar(&o.overwrite, "overwrite", false, "replace files that exist")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	Complete(c, "vendor", material.Vendors())
	Complete(c, "bundle", allBundles())
	Complete(c, "key-type", []string{string(material.EC), string(material.RSA)})
	return c
}

// allBundles returns the bundles of all formats.
func allBundles() []string {
	var all []string
	for _, f := range material.Formats() {
		all = append(all, f.Bundles...)
	}
	return all
}

func (o *generateOptions) validate() error {
	signed, bundled := material.Signed(), material.Bundled()
	switch {
	case o.vendor == "":
		return exit.UsageError(errors.New("--vendor is missing"), "set --vendor to one of "+strings.Join(material.Vendors(), ", "))
	case o.out == "":
		return exit.UsageError(errors.New("--out is missing"), "name the file to write, or - for stdout")
	case o.out == "-" && o.defects > 0:
		return exit.UsageError(errors.New("--defects cannot be combined with --out -"),
			"name a file with --out; the expected outcomes go into a second file next to it")
	case o.signerOut != "" && !slices.Contains(signed, o.vendor):
		return exit.UsageError(fmt.Errorf("--signer-out works only with --vendor %s", strings.Join(signed, ", ")),
			"leave out --signer-out; no other vendor signs its manifests")
	case len(o.bundles) > 0 && !slices.Contains(bundled, o.vendor):
		return exit.UsageError(fmt.Errorf("--bundle works only with --vendor %s", strings.Join(bundled, ", ")),
			"leave out --bundle; no other vendor has bundles")
	}
	return nil
}

func generateManifest(ctx context.Context, o generateOptions, streams terminal.Streams) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.seed == "" {
		o.seed = rand.Text()
	}
	options := material.Options{
		Vendor: o.vendor, N: o.entries, Seed: o.seed, Key: material.Key(o.key), Bundles: o.bundles,
		Defects: o.defects, KeysDir: o.keys, Out: terminal.Raw(streams.Out),
	}
	outputs := map[string]*io.Writer{}
	if o.out != "-" {
		outputs[o.out] = &options.Out
	}
	if o.defects != 0 {
		outputs[o.out+".expected.jsonl"] = &options.Expected
	}
	if o.signerOut != "" {
		outputs[o.signerOut] = &options.SignerOut
	}
	for path := range outputs {
		if err := exit.Occupied(path, o.overwrite); err != nil {
			return err
		}
	}
	var files outputFiles
	defer func() { files.discard() }()
	for path, to := range outputs {
		file, err := newfile.Create(path)
		if err != nil {
			return err
		}
		files = append(files, file)
		*to = file
	}

	printer := streams.Progress(o.quiet, terminal.Text)
	begun := time.Now()
	options.Progress = func(done int) {
		printer.Update(progress.Status{
			Phase: "generating", Done: int64(done), Total: int64(o.entries), Rate: float64(done) / time.Since(begun).Seconds(),
		})
	}
	err := material.Generate(ctx, options)
	printer.Close()
	var wrong *material.OptionsError
	switch {
	case errors.As(err, &wrong):
		return exit.UsageError(err, "see 'thingpress generate --help'")
	case terminal.Interrupted(ctx):
		return exit.InterruptedError("interrupted", "no file was written except keys in the --keys directory")
	case err != nil:
		return err
	}
	if err := files.keep(); err != nil {
		return err
	}
	if !o.quiet {
		plain.Fprintf(streams.Err, "generated %s; --seed %s generates the same again\n", progress.Plural(o.entries, "entry", "entries"), o.seed)
	}
	return nil
}

// outputFiles get their names together at the end, so that a failure leaves no new file and keeps
// existing ones.
type outputFiles []*newfile.File

func (f outputFiles) keep() error {
	for _, file := range f {
		if err := file.Keep(); err != nil {
			return err
		}
	}
	return nil
}

// discard removes files that were not kept.
func (f outputFiles) discard() {
	for _, file := range f {
		_ = file.Discard() // the error that led here has been reported
	}
}
