package manifests

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/material"
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
}

// NewGenerate returns `thingpress generate`.
func NewGenerate(streams terminal.Streams) *cobra.Command {
	var o generateOptions
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make manifests for tests and rehearsals",
		Long: `Make a manifest with the layout of a vendor's own, for tests, rehearsals and
examples. Nothing in it is real: every issuer is called "Thingpress Test".

The same seed gives the same bytes on every machine. With RSA only the keys
and signatures differ. An RSA key takes about 50 ms, so use EC for large
manifests.

--defects makes a share of the entries wrong or odd. FILE.expected.jsonl next
to the manifest then has what must become of each entry:
{"entry":7,"outcome":"rejected","reason":"expired"}. Outcomes are device,
rejected and skipped.`,
		Example: `  # twelve ESP32 modules
  thingpress generate --vendor espressif -n 12 --out reel.csv

  # Microchip, with the certificate that its entries are signed with
  thingpress generate --vendor microchip -n 1000 --seed s1 --out reel.json --signer-out signer.pem

  # an Infineon bundle whose devices a test can connect as
  thingpress generate --vendor infineon -n 20 --out reel.7z --keys ./keys

  # ten thousand entries, of which a tenth is wrong or odd
  thingpress generate --vendor espressif -n 10000 --defects 0.1 --out bad.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return generateManifest(c.Context(), o, streams) },
	}
	flags := c.Flags()
	flags.StringVar(&o.vendor, "vendor", "", "format: "+strings.Join(material.Vendors(), ", ")+" (required)")
	flags.IntVarP(&o.entries, "entries", "n", 10, "number of entries")
	flags.StringVar(&o.out, "out", "", "file to write the manifest to, - for stdout (required)")
	flags.StringVar(&o.seed, "seed", "", "any text; the same seed gives the same manifest (default: a new one, which is printed)")
	flags.StringVar(&o.key, "key", string(material.EC), "keys of the devices: ec (P-256) or rsa (2048 bits)")
	flags.StringArrayVar(&o.bundles, "bundle", nil,
		strings.Join(material.Bundled(), ", ")+": bundle (repeatable), "+strings.Join(allBundles(), ", ")+" (default E0E0 and E0E1, with --key rsa all)")
	flags.StringVar(&o.keys, "keys", "", "directory to write private keys to, as <thing name>.key")
	flags.StringVar(&o.signerOut, "signer-out", "", strings.Join(material.Signed(), ", ")+": file to write the certificate to that signed the entries")
	flags.Float64Var(&o.defects, "defects", 0, "share of entries to make wrong or odd, 0 to 1")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	Complete(c, "vendor", material.Vendors())
	Complete(c, "bundle", allBundles())
	Complete(c, "key", []string{string(material.EC), string(material.RSA)})
	return c
}

// allBundles are those of every format that has some.
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
		return exit.UsageError(errors.New("--vendor is missing"), "it is one of "+strings.Join(material.Vendors(), ", "))
	case o.out == "":
		return exit.UsageError(errors.New("--out is missing"), "name the file to write, or - for stdout")
	case o.out == "-" && o.defects > 0:
		return exit.UsageError(errors.New("--defects writes a second file next to --out"), "give --out a file's name")
	case o.signerOut != "" && !slices.Contains(signed, o.vendor):
		return exit.UsageError(fmt.Errorf("--signer-out is for --vendor %s alone", strings.Join(signed, ", ")),
			"leave it out: no other vendor signs its manifests")
	case len(o.bundles) > 0 && !slices.Contains(bundled, o.vendor):
		return exit.UsageError(fmt.Errorf("--bundle is for --vendor %s alone", strings.Join(bundled, ", ")),
			"leave it out: no other vendor has bundles")
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
		Defects: o.defects, KeysDir: o.keys, Out: streams.Out,
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
	var files outputFiles
	defer files.discard()
	for path, to := range outputs {
		file, err := files.create(path)
		if err != nil {
			return err
		}
		*to = file
	}

	printer := streams.Progress(o.quiet)
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
		return exit.InterruptedError("interrupted", "no file was written, except keys in the --keys directory")
	case err != nil:
		return err
	}
	if err := files.keep(); err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintf(streams.Err, "%s entries of test material; --seed %s makes them again\n", progress.Count(int64(o.entries)), o.seed)
	}
	return nil
}

// outputFiles are written under temporary names and renamed together at the
// end. A failure leaves no file and keeps those that were there.
type outputFiles struct {
	files []*os.File
	paths []string
}

const partial = ".partial"

func (f *outputFiles) create(path string) (*os.File, error) {
	file, err := os.Create(path + partial)
	if err != nil {
		return nil, err
	}
	f.files, f.paths = append(f.files, file), append(f.paths, path)
	return file, nil
}

func (f *outputFiles) keep() error {
	for _, file := range f.files {
		if err := file.Close(); err != nil {
			return err
		}
	}
	for _, path := range f.paths {
		if err := os.Rename(path+partial, path); err != nil {
			return err
		}
	}
	f.files, f.paths = nil, nil
	return nil
}

// discard removes what was not kept.
func (f *outputFiles) discard() {
	for i, file := range f.files {
		_ = file.Close()
		_ = os.Remove(f.paths[i] + partial)
	}
}
