package stacks

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
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
	c.AddCommand(newAddSigners(streams, signed), newListSigners(streams, signed), newRemoveSigners(streams, signed))
	return c
}

func newAddSigners(streams terminal.Streams, signed string) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "add FILE…",
		Short: "Trust certificates of signers of " + signed + " manifests",
		Long: `Upload certificates of manifest signers to the signer bucket of the stack, which then
trusts manifests that they sign. Microchip publishes its certificates with the
manifests. Everyone with write access to the bucket can add signers.`,
		Example: `  thingpress stack signers add MCHP_manifest_signer_*.crt`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return addSigners(c.Context(), o, args, streams) },
	}
	o.add(c)
	return c
}

func newListSigners(streams terminal.Streams, signed string) *cobra.Command {
	var o stackFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the signers that the stack trusts",
		Long: `List the certificates whose ` + signed + ` manifests the stack trusts, with the files in its
signer bucket. Those that the vendor has published, and that the parameter
MicrochipSigners trusts, are in no file. Files that hold no signer are named; the stack
passes over them.`,
		Example: `  thingpress stack signers list`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return listSigners(c.Context(), o, streams) },
	}
	o.add(c)
	return c
}

func newRemoveSigners(streams terminal.Streams, signed string) *cobra.Command {
	var o stackFlags
	var yes bool
	c := &cobra.Command{
		Use:   "remove FILE…",
		Short: "Trust signers of " + signed + " manifests no longer",
		Long: `Remove files from the signer bucket of the stack. FILE is a name that 'thingpress stack
signers list' prints. Imports that are running keep the signers with which they began.
Published signers are in no file; deploy with --parameter MicrochipSigners=None.

` + exit.Help,
		Example: `  thingpress stack signers remove log-signer-005.crt`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return removeSigners(c.Context(), o, yes, args, streams) },
	}
	o.add(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// A signerLine is a file in the signer bucket as JSON, with one of its certificates, or a published
// signer.
type signerLine struct {
	Type        string                  `json:"type"`
	Bucket      string                  `json:"bucket,omitempty"`
	Key         string                  `json:"key,omitempty"`
	Published   *bool                   `json:"published,omitempty"` // nil for an added or removed file
	Subject     string                  `json:"subject,omitempty"`
	NotBefore   *time.Time              `json:"not_before,omitempty"`
	NotAfter    *time.Time              `json:"not_after,omitempty"`
	Fingerprint *manifest.CertificateID `json:"fingerprint,omitempty"`
	// Problem is why the file holds no signer.
	Problem string `json:"problem,omitempty"`
}

func (l signerLine) with(c *x509.Certificate) signerLine {
	fingerprint, before, after := manifest.CertificateIDOf(c.Raw), c.NotBefore.UTC(), c.NotAfter.UTC()
	_, published := vendors.PublisherOf(fingerprint)
	l.Published, l.Subject, l.NotBefore, l.NotAfter, l.Fingerprint = &published, c.Subject.String(), &before, &after, &fingerprint
	return l
}

func listSigners(ctx context.Context, o stackFlags, streams terminal.Streams) error {
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	bucket, err := stack.Bucket("signer")
	if err != nil {
		return err
	}
	files, err := stack.SignerFiles(ctx)
	if err != nil {
		return err
	}
	var lines []signerLine
	if stack.TrustsPublished() {
		for _, f := range vendors.Publishers() {
			for _, c := range f.PublishedSigners() {
				lines = append(lines, signerLine{Type: "signer"}.with(c))
			}
		}
	}
	for _, file := range files {
		line := signerLine{Type: "signer", Bucket: bucket, Key: file.Key, Problem: file.Problem}
		if file.Problem != "" {
			lines = append(lines, line)
		}
		for _, c := range file.Signers {
			lines = append(lines, line.with(c))
		}
	}
	if o.output == terminal.JSON {
		return terminal.PrintLines(streams, lines)
	}
	if len(lines) == 0 {
		plain.Fprintf(streams.Err, "stack %s trusts no signers; add them with thingpress stack signers add FILE…%s\n", o.stack, o.naming())
		return nil
	}
	t := streams.Table([]terminal.Column{
		{Name: "FILE", Cut: true}, {Name: "SUBJECT", Cut: true, Drop: 2}, {Name: "NOT AFTER", Drop: 1}, {Name: "SHA-256", Cut: true},
	})
	for _, l := range lines {
		if l.Problem != "" {
			t.Row(l.Key, "no signer: "+l.Problem, "", "")
			continue
		}
		t.Row(plain.Text(orPublished(l.Key)), l.Subject, l.NotAfter.Format(time.DateOnly), l.Fingerprint.String())
	}
	return t.Flush()
}

// orPublished returns a key, or what is shown in its place for a published signer.
func orPublished(key string) string {
	if key == "" {
		return "(published)"
	}
	return key
}

func removeSigners(ctx context.Context, o stackFlags, yes bool, keys []string, streams terminal.Streams) error {
	const nothing = "nothing was removed"
	if err := exit.Unapproved(yes, streams, nothing); err != nil {
		return err
	}
	stack, err := o.open(ctx, streams)
	if err != nil {
		return err
	}
	files, err := stack.SignerFiles(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !slices.ContainsFunc(files, func(f operate.SignerFile) bool { return f.Key == key }) {
			return exit.UsageError(fmt.Errorf("%s: the signer bucket has no file %q; it has %s", nothing, key, namesOf(files)),
				"list the signers with thingpress stack signers list"+o.naming())
		}
	}
	if !yes && !streams.Confirm(fmt.Sprintf("remove %s of signers?", progress.Plural(len(keys), "file", "files"))) {
		return exit.NotConfirmed(nothing)
	}
	for _, key := range keys {
		if err := stack.RemoveSigner(ctx, key); err != nil {
			return exit.IfInterrupted(ctx, err, "interrupted; the files above are removed")
		}
		if err := o.printSigner(streams, stack, "removed", key); err != nil {
			return err
		}
	}
	return nil
}

func namesOf(files []operate.SignerFile) string {
	if len(files) == 0 {
		return "none"
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Key
	}
	return strings.Join(names, ", ")
}

// printSigner prints that a file was added or removed.
func (f *stackFlags) printSigner(streams terminal.Streams, stack *operate.Stack, what, key string) error {
	bucket, err := stack.Bucket("signer")
	if err != nil {
		return err
	}
	if f.output == terminal.JSON {
		return streams.PrintJSON(signerLine{Type: "signer", Bucket: bucket, Key: key})
	}
	_, err = plain.Fprintf(streams.Out, "%s s3://%s/%s\n", what, bucket, key)
	return err
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
		if _, err := stack.Put(ctx, bucket, key, bytes.NewReader(contents[file]), int64(len(contents[file]))); err != nil {
			return err
		}
		if err := o.printSigner(streams, stack, "added", key); err != nil {
			return err
		}
	}
	return nil
}
