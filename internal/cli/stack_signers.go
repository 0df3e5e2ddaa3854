package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/manifest/microchip"
)

func newStackSigners(streams Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "signers",
		Short: "Look after the signers of Microchip manifests",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var o stackFlags
	add := &cobra.Command{
		Use:   "add FILE…",
		Short: "Let these certificates sign Microchip manifests",
		Long: `Put certificates of Microchip's manifest signers into the stack's signer bucket. Microchip
publishes them beside the manifests. Whoever can write there decides which manifests
are believed.`,
		Example: `  thingpress stack signers add MCHP_manifest_signer_*.crt`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runStackSignersAdd(c.Context(), o, args, streams)
		},
	}
	o.add(add)
	c.AddCommand(add)
	return c
}

func runStackSignersAdd(ctx context.Context, o stackFlags, files []string, streams Streams) error {
	contents := map[string][]byte{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		signers, err := microchip.ParseSigners(content)
		if err == nil && len(signers) == 0 {
			err = errors.New("no certificate")
		}
		if err != nil {
			return withHint(fmt.Errorf("%s: %w", file, err), "a signer is an X.509 certificate in PEM or DER, as Microchip publishes them")
		}
		contents[file] = content
	}
	stack, err := o.open(ctx)
	if err != nil {
		return err
	}
	bucket, err := stack.Bucket("signer")
	if err != nil {
		return err
	}
	for _, file := range files {
		key := filepath.Base(file)
		if _, err := stack.Put(ctx, bucket, key, bytes.NewReader(contents[file]), int64(len(contents[file]))); err != nil {
			return ended(ctx, err, "interrupted")
		}
		if err := printSigner(streams, o.output, bucket, key); err != nil {
			return err
		}
	}
	return nil
}

func printSigner(streams Streams, output outputFlag, bucket, key string) (err error) {
	if output == outputJSON {
		return json.NewEncoder(streams.Out).Encode(struct {
			Type   string `json:"type"`
			Bucket string `json:"bucket"`
			Key    string `json:"key"`
		}{"signer", bucket, key})
	}
	_, err = fmt.Fprintf(streams.Out, "added s3://%s/%s\n", bucket, key)
	return err
}
