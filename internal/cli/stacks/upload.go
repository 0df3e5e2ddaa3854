package stacks

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

type uploadOptions struct {
	stackFlags
	objects  manifests.ObjectFlags
	key      string
	vendor   string
	noFollow bool

	allowTestMaterial bool
}

func newUpload(streams terminal.Streams) *cobra.Command {
	var o uploadOptions
	c := &cobra.Command{
		Use:   "upload MANIFEST",
		Short: "Check a manifest, upload it, and follow its import",
		Long: `Check a manifest like 'thingpress inspect', with the parameters of the stack. Then
upload it to the bucket of its vendor, and follow its import to the end. A manifest
that is broken or contains a private key is not uploaded.

Ctrl-C stops following. The import continues in the stack.

` + exit.Help,
		Example: `  thingpress stack upload reel.csv
  thingpress stack upload --key 2026/11/reel-7.7z --no-follow OPTIGA_reel_7.7z`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return upload(c.Context(), o, args, streams) },
	}
	o.add(c)
	flags := c.Flags()
	o.objects.Add(flags)
	flags.StringVar(&o.key, "key", "", "`key` of the object (default: the name of the file)")
	flags.StringVar(&o.vendor, "vendor", "", "`format` of the manifest (default: detected from the content)")
	manifests.Complete(c, "vendor", vendors.Names())
	flags.BoolVar(&o.allowTestMaterial, "allow-test-material", false,
		"upload certificates that thingpress generate made, although others may know their keys")
	flags.BoolVar(&o.noFollow, "no-follow", false, "do not follow the import")
	return c
}

func upload(ctx context.Context, o uploadOptions, args []string, streams terminal.Streams) error {
	if err := manifests.CheckVendor(o.vendor); err != nil {
		return err
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	files, err := manifests.OpenFiles(ctx, args, manifests.Reading{
		Stdin: streams.In, Objects: o.objects, Profile: o.Profile, Region: o.Region, Printer: printer,
	})
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	options, err := tableOptions(ctx, stack, files.Inputs[0])
	if err != nil {
		return err
	}
	sources, err := manifests.OpenSources(ctx, files.Inputs, o.vendor, options, printer)
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted before anything was uploaded")
	}
	source := sources[0]
	scan, err := checkUpload(ctx, o, stack, source, printer)
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted before anything was uploaded")
	}
	line, err := putManifest(ctx, stack, source, o.key, printer)
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted before anything was uploaded")
	}
	if o.output == terminal.JSON {
		line.Entries, line.Devices, line.Rejected, line.Skipped = scan.Entries, scan.Devices, scan.Rejected, scan.Skipped
		if err := streams.PrintJSON(line); err != nil {
			return err
		}
	}
	if o.noFollow {
		return nil
	}
	printer.Update(progress.Status{Phase: "waiting for the stack"})
	begin, end := context.WithTimeout(ctx, beginMost)
	defer end()
	found, err := stack.AwaitUpload(begin, line.Bucket, line.Key, line.VersionID)
	if err != nil && ctx.Err() == nil {
		return exit.WithHint(err, "check thingpress stack status"+o.naming()+" and the logs of the decoder")
	}
	if err != nil {
		return exit.InterruptedError("interrupted", "the import continues in the stack; list it with thingpress stack imports"+o.naming())
	}
	printer.Note("import %s", found.Job.Import)
	printer.Close()
	return followImport(ctx, &o.stackFlags, stack, found, streams)
}

// tableOptions returns the stack's options of tables for a manifest that is of no known format.
func tableOptions(ctx context.Context, stack *operate.Stack, in manifest.Input) (manifest.Options, error) {
	if _, err := vendors.Detect(ctx, in); err == nil {
		return manifest.Options{}, nil
	}
	for _, format := range vendors.With(manifest.OptionColumns) {
		return stack.Decode(ctx, &format)
	}
	return manifest.Options{}, nil
}

// beginMost is how long a stack may take to start the import of an upload.
const beginMost = 5 * time.Minute

// checkUpload decodes the manifest as the stack will.
func checkUpload(ctx context.Context, o uploadOptions, stack *operate.Stack, source *engine.Source, printer *progress.Printer,
) (*engine.ScanResult, error) {
	vendor := source.Decoder.Vendor()
	format, err := vendors.Lookup(vendor)
	if err != nil {
		return nil, err
	}
	options, err := stack.Decode(ctx, &format)
	if err != nil {
		return nil, err
	}
	if format.NeedsSigners() && len(options.Signers) == 0 {
		return nil, exit.WithHint(fmt.Errorf("the stack has no signers, which it needs to verify %s manifests", format.Title),
			"add them with thingpress stack signers add FILE…"+o.naming()+", or deploy with --parameter MicrochipSigners=published")
	}
	scan, err := engine.Scan(ctx, []*engine.Source{source}, engine.Settings{Decode: options}, manifests.ShowScanning(printer))
	var broken *engine.BreakError
	if errors.As(err, &broken) {
		return nil, exit.WithHint(fmt.Errorf("nothing was uploaded: %w", err), manifests.BreakHint(broken.Breaks[0], advice.Stack))
	}
	if err != nil {
		return nil, err
	}
	n := func(n int) string { return progress.Count(int64(n)) }
	printer.Note("%s: %s, %s entries: %s devices, %s rejected, %s skipped", source.Input.Name, vendor, n(scan.Entries), n(scan.Devices),
		n(scan.Rejected), n(scan.Skipped))
	for _, r := range manifests.Rejections(scan, advice.Stack) {
		printer.Note("  %s", manifests.RejectionText(r))
	}
	if scan.TestMaterial > 0 && o.EndpointURL == "" && !o.allowTestMaterial {
		return nil, exit.WithHint(fmt.Errorf("nothing was uploaded: %w", manifests.TestMaterialError(scan)),
			"upload the vendor's manifest, or add --allow-test-material if anyone may connect as these devices")
	}
	if scan.Devices == 0 {
		return nil, exit.WithHint(errors.New("nothing was uploaded: every entry of the manifest is rejected or skipped"),
			"list the reasons with thingpress inspect "+terminal.ShellQuote(source.Input.Name))
	}
	return scan, nil
}

// An uploadLine is an upload and the numbers of its manifest as JSON.
type uploadLine struct {
	Type      string `json:"type"`
	Vendor    string `json:"vendor"`
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"version_id,omitempty"`
	Size      int64  `json:"size"`
	Entries   int    `json:"entries"`
	Devices   int    `json:"devices"`
	Rejected  int    `json:"rejected"`
	Skipped   int    `json:"skipped"`
}

// putManifest uploads a manifest to the bucket of its vendor. Without a key it uses the
// name of the file.
func putManifest(ctx context.Context, stack *operate.Stack, source *engine.Source, key string, printer *progress.Printer,
) (uploadLine, error) {
	in, vendor := source.Input, source.Decoder.Vendor()
	bucket, err := stack.Bucket(vendor)
	if err != nil {
		return uploadLine{}, err
	}
	if key == "" {
		key = filepath.Base(in.Name)
	}
	printer.Update(progress.Status{Phase: "uploading " + key})
	version, err := stack.Put(ctx, bucket, key, in.Section(0), in.Size)
	if err != nil {
		return uploadLine{}, err
	}
	printer.Note("uploaded to s3://%s/%s", bucket, key)
	return uploadLine{Type: "upload", Vendor: vendor, Bucket: bucket, Key: key, VersionID: version, Size: in.Size}, nil
}
