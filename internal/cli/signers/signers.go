// Package signers has the command that lists the signers of manifests that vendors
// have published, and compares files with them.
package signers

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// NewCommand returns `thingpress signers`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var output terminal.Output
	publishers := vendors.Titles(vendors.Publishers())
	c := &cobra.Command{
		Use:   "signers [FILE|DIRECTORY]…",
		Short: "List the published signers of manifests, or compare files with them",
		Long: `List the certificates with which ` + publishers + ` signs manifests, as it has published
them. They are part of this program; --signer names them by their vendor, as in
--signer microchip.

With files or directories, compare every certificate in them, in PEM or DER, with the
published ones. If one of them is not among them the exit code is 3.

` + exit.Help,
		Example: `  thingpress signers
  thingpress signers MCHP_manifest_signer_*.crt
  thingpress inspect --signer microchip manifest.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return compareFiles(args, output, streams)
			}
			return listPublished(output, streams)
		},
	}
	output.AddFlag(c)
	return c
}

// A signerLine is a published signer, or a certificate in a file, as JSON.
type signerLine struct {
	Type        string                 `json:"type"` // "signer"
	File        string                 `json:"file,omitempty"`
	Published   bool                   `json:"published"`
	Vendor      string                 `json:"vendor,omitempty"`
	Name        string                 `json:"name,omitempty"`
	Subject     string                 `json:"subject"`
	NotBefore   time.Time              `json:"not_before"`
	NotAfter    time.Time              `json:"not_after"`
	Fingerprint manifest.CertificateID `json:"fingerprint"`
}

// lineOf describes a certificate from a file, or a published one if file is empty.
func lineOf(c *x509.Certificate, file string) signerLine {
	line := signerLine{
		Type: "signer", File: file, Subject: c.Subject.String(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Fingerprint: manifest.CertificateIDOf(c.Raw),
	}
	if publisher, ok := vendors.PublisherOf(line.Fingerprint); ok {
		line.Published, line.Vendor = true, publisher.Vendor()
		words := strings.Fields(c.Subject.CommonName)
		line.Name = words[len(words)-1]
	}
	return line
}

func listPublished(output terminal.Output, streams terminal.Streams) error {
	var lines []signerLine
	for _, f := range vendors.Publishers() {
		for _, c := range f.PublishedSigners() {
			lines = append(lines, lineOf(c, ""))
		}
	}
	if output == terminal.JSON {
		return terminal.PrintLines(streams, lines)
	}
	t := streams.Table(slices.Concat([]terminal.Column{{Name: "VENDOR"}, {Name: "SIGNER"}}, certificateColumns()))
	for _, l := range lines {
		t.Row(l.Vendor, l.Name, l.Subject, day(l.NotBefore), day(l.NotAfter), l.Fingerprint.String())
	}
	return t.Flush()
}

func certificateColumns() []terminal.Column {
	return []terminal.Column{
		{Name: "SUBJECT", Cut: true, Drop: 2}, {Name: "NOT BEFORE", Drop: 1}, {Name: "NOT AFTER", Drop: 3}, {Name: "SHA-256", Cut: true},
	}
}

// compareFiles compares the certificates in files with the published ones. A file
// that cannot be read ends the command before anything is printed.
func compareFiles(files []string, output terminal.Output, streams terminal.Streams) error {
	var lines []signerLine
	foreign := 0
	add := func(c *x509.Certificate, file string) {
		line := lineOf(c, file)
		if !line.Published {
			foreign++
		}
		lines = append(lines, line)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			found, passed, err := vendors.LoadSigners(file)
			if err != nil {
				return exit.WithHint(err, "name X.509 certificates in PEM or DER")
			}
			for _, p := range passed {
				plain.Fprintf(streams.Err, "signer %s: %s\n", p.File, p.Why)
			}
			for _, s := range found {
				add(s.Certificate, s.File)
			}
			continue
		}
		found, err := readCertificates(file)
		if err != nil {
			return exit.WithHint(fmt.Errorf("%s: %w", file, err), "name X.509 certificates in PEM or DER")
		}
		for _, c := range found {
			add(c, file)
		}
	}
	if err := printCompared(lines, output, streams); err != nil {
		return err
	}
	if foreign > 0 {
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

func printCompared(lines []signerLine, output terminal.Output, streams terminal.Streams) error {
	if output == terminal.JSON {
		return terminal.PrintLines(streams, lines)
	}
	t := streams.Table(slices.Concat([]terminal.Column{{Name: "FILE", Cut: true}, {Name: "RESULT"}}, certificateColumns()))
	for _, l := range lines {
		result := "not a published signer"
		if l.Published {
			result = "published signer " + l.Name
		}
		t.Row(l.File, result, l.Subject, day(l.NotBefore), day(l.NotAfter), l.Fingerprint.String())
	}
	return t.Flush()
}

// mostBytes is the maximum size of a file. Microchip's have 1 KB.
const mostBytes = 1 << 20

func readCertificates(file string) ([]*x509.Certificate, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case info.Size() > mostBytes:
		return nil, fmt.Errorf("the file is longer than %s bytes, so it is not a signer's certificate", progress.Count(mostBytes))
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return vendors.ParseCertificates(bytes.TrimPrefix(content, []byte("\ufeff")))
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
