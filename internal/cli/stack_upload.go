package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

type stackUploadOptions struct {
	stackFlags
	key      string
	vendor   string
	noFollow bool
}

func newStackUpload(streams Streams) *cobra.Command {
	var o stackUploadOptions
	c := &cobra.Command{
		Use:   "upload MANIFEST",
		Short: "Check a manifest, put it into its bucket, and follow its import",
		Long: `Check a manifest as 'thingpress inspect' does, with the parameters of the stack, put it into
the bucket of its vendor, and follow its import until it has ended. A manifest that
cannot be read to its end, or that holds a private key, is not uploaded.

Ctrl-C ends the following, not the import.

` + exitHelp,
		Example: `  thingpress stack upload reel.csv
  thingpress stack upload --key 2026/11/reel-7.7z --no-follow OPTIGA_reel_7.7z`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runStackUpload(c.Context(), o, args, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.StringVar(&o.key, "key", "", "key of the object (default: the name of the file)")
	flags.StringVar(&o.vendor, "vendor", "", "format of the manifest; by default it is told from the content")
	flags.BoolVar(&o.noFollow, "no-follow", false, "end when the manifest is uploaded")
	return c
}

func runStackUpload(ctx context.Context, o stackUploadOptions, args []string, streams Streams) error {
	stack, err := o.open(ctx)
	if err != nil {
		return err
	}
	in, err := openInputs(ctx, args, streams.In)
	if err != nil {
		return err
	}
	defer in.Close()
	input := in.list[0]
	decode := decodeFlags{vendor: o.vendor}
	if o.vendor != "" {
		if _, err := vendors.Lookup(o.vendor); err != nil {
			return usage(fmt.Errorf("--vendor: %w", err), "")
		}
	}
	decoder, err := decode.decoder(input)
	if err != nil {
		return withHint(err, breakHint(err, advice.CLI))
	}
	printer := progress.New(streams.Err, progressMode(o.quiet, streams), streams.Width)
	defer printer.Close()
	scan, err := o.check(ctx, stack, input, decoder, printer)
	if err != nil {
		return ended(ctx, err, "interrupted: nothing was uploaded")
	}
	bucket, err := stack.Bucket(decoder.Vendor())
	if err != nil {
		return err
	}
	key := o.key
	if key == "" {
		key = filepath.Base(input.Name)
	}
	printer.Update(progress.Status{Phase: "uploading " + key})
	version, err := stack.Put(ctx, bucket, key, input.Section(0), input.Size)
	if err != nil {
		return ended(ctx, err, "interrupted: nothing was uploaded")
	}
	printer.Note("uploaded to s3://%s/%s", bucket, key)
	if o.output == outputJSON {
		line := uploadLine{
			Type: "upload", Vendor: decoder.Vendor(), Bucket: bucket, Key: key, VersionID: version, Size: input.Size,
			Entries: scan.Entries, Devices: scan.Devices, Rejected: scan.Rejected, Skipped: scan.Skipped,
		}
		if err := json.NewEncoder(streams.Out).Encode(line); err != nil {
			return err
		}
	}
	if o.noFollow {
		return nil
	}
	printer.Update(progress.Status{Phase: "waiting for the stack"})
	begin, end := context.WithTimeout(ctx, beginMost)
	defer end()
	found, err := stack.AwaitUpload(begin, bucket, key, version)
	if err != nil {
		if ctx.Err() == nil {
			return withHint(err, "see thingpress stack status, and the logs of the decoder")
		}
		return withInterrupt("the stack goes on by itself: thingpress stack imports")
	}
	printer.Note("import %s", found.Job.Import)
	printer.Close()
	return followImport(ctx, &o.stackFlags, stack, found, streams)
}

// An uploadLine is what was uploaded, and what the check of it found, as JSON.
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

// beginMost is how long a stack may take to begin with an upload.
const beginMost = 5 * time.Minute

// check decodes the manifest as the stack will.
func (o *stackUploadOptions) check(ctx context.Context, stack *operate.Stack, in manifest.Input, decoder manifest.Decoder, printer *progress.Printer) (*engine.ScanResult, error) {
	options, err := stack.Decode(ctx, decoder.Vendor())
	if err != nil {
		return nil, err
	}
	if decoder.Vendor() == "microchip" && len(options.Signers) == 0 {
		return nil, withHint(errors.New("the stack has no signers, without which no entry of a Microchip manifest can be verified"),
			"thingpress stack signers add FILE…")
	}
	source, err := engine.OpenSource(ctx, in, decoder)
	if err != nil {
		return nil, err
	}
	view := importView{printer: printer}
	scan, err := engine.Scan(ctx, []*engine.Source{source}, engine.Settings{Decode: options}, view.event)
	var broken *engine.BreakError
	if errors.As(err, &broken) {
		return nil, withHint(fmt.Errorf("nothing was uploaded: %w", err), breakHint(broken.Breaks[0], advice.Stack))
	}
	if err != nil {
		return nil, err
	}
	n := func(n int) string { return progress.Count(int64(n)) }
	printer.Note("%s: %s, %s entries: %s devices, %s rejected, %s skipped", in.Name, decoder.Vendor(), n(scan.Entries), n(scan.Devices), n(scan.Rejected), n(scan.Skipped))
	for _, reason := range byCount(scan.Reasons) {
		printer.Note("  %s rejected, %s", n(scan.Reasons[reason]), withTodo(reason, advice.Stack))
	}
	if scan.Devices == 0 {
		return nil, withHint(errors.New("nothing was uploaded: no entry of the manifest is a device"), "thingpress inspect "+in.Name+" shows each entry")
	}
	return scan, nil
}
