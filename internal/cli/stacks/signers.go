package stacks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

func newSigners(streams terminal.Streams) *cobra.Command {
	signed := vendors.Titles(vendors.With(manifest.OptionSigners))
	c := &cobra.Command{
		Use:   "signers",
		Short: "Manage the signers of " + signed + " manifests",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var o stackFlags
	add := &cobra.Command{
		Use:   "add FILE…",
		Short: "Trust certificates of signers of " + signed + " manifests",
		Long: `Upload certificates of manifest signers to the signer bucket of the stack, which then
trusts manifests that they sign. Microchip publishes its certificates with the
manifests. Everyone with write access to the bucket can add signers.`,
		Example: `  thingpress stack signers add MCHP_manifest_signer_*.crt`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return addSigners(c.Context(), o, args, streams) },
	}
	o.add(add)
	c.AddCommand(add)
	return c
}

// A signerLine is an added signer as JSON.
type signerLine struct {
	Type   string `json:"type"`
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

func addSigners(ctx context.Context, o stackFlags, files []string, streams terminal.Streams) error {
	contents := map[string][]byte{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		signers, err := vendors.ParseSigners(content)
		if err == nil && len(signers) == 0 {
			err = errors.New("no certificate")
		}
		if err != nil {
			return exit.WithHint(fmt.Errorf("%s: %w", file, err), "name X.509 certificates in PEM or DER, as the vendor publishes them")
		}
		contents[file] = content
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	bucket, err := stack.Bucket("signer")
	if err != nil {
		return err
	}
	for _, file := range files {
		key := filepath.Base(file)
		_, err := stack.Put(ctx, bucket, key, bytes.NewReader(contents[file]), int64(len(contents[file])))
		switch {
		case err != nil:
			return err
		case o.output == terminal.JSON:
			err = streams.PrintJSON(signerLine{"signer", bucket, key})
		default:
			_, err = plain.Fprintf(streams.Out, "added s3://%s/%s\n", bucket, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
