package microchip

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// maxSignerFile is the longest signer file that is read. Microchip's have 1 KB.
const maxSignerFile = 1 << 20

// signerExtensions are the files that are taken from a directory.
var signerExtensions = []string{".crt", ".pem", ".cer", ".der"}

// LoadSigners reads signer certificates from files and directories, for
// [manifest.Options.Signers]. Of a directory it reads every *.crt, *.pem,
// *.cer and *.der, and nothing below. Each file holds what [ParseSigners]
// takes. A certificate that is there twice is returned once. A file that
// cannot be a signer is an error that names it: a set of trusted certificates
// is used as it was meant, or not at all.
func LoadSigners(paths ...string) ([]*x509.Certificate, error) {
	var signers []*x509.Certificate
	for _, path := range paths {
		files, err := signerFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := readSigner(file)
			if err != nil {
				return nil, fmt.Errorf("signer %s: %w", file, err)
			}
			found, err := ParseSigners(data)
			if err != nil {
				return nil, fmt.Errorf("signer %s: %w", file, err)
			}
			signers = appendNew(signers, found...)
		}
	}
	return signers, nil
}

func signerFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && slices.Contains(signerExtensions, strings.ToLower(filepath.Ext(entry.Name()))) {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("signer %s: the directory has no file named %s", path, "*"+strings.Join(signerExtensions, ", *"))
	}
	return files, nil
}

func readSigner(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(file, maxSignerFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSignerFile {
		return nil, fmt.Errorf("the file is longer than %d bytes, so it is not a signer's certificate", maxSignerFile)
	}
	return data, nil
}

// ParseSigners reads the signer certificates in data: one in DER, or one and
// more in PEM with any line ends and any text between. Each must be able to
// sign manifests: an EC P-256 key, a subject key identifier, and not a CA's.
// A repeated certificate is returned once.
func ParseSigners(data []byte) ([]*x509.Certificate, error) {
	if manifest.HasPrivateKey(data) || manifest.IsPrivateKey(data) {
		return nil, errors.New("the file carries a private key; a signer is a certificate only")
	}
	blocks, err := signerBlocks(data)
	if err != nil {
		return nil, err
	}
	var signers []*x509.Certificate
	for _, der := range blocks {
		certificate, err := manifest.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		if _, err := newSigner(certificate); err != nil {
			return nil, fmt.Errorf("%s: %w", manifest.Quote(certificate.Subject.CommonName), err)
		}
		signers = appendNew(signers, certificate)
	}
	return signers, nil
}

// signerBlocks returns the DER of each certificate.
func signerBlocks(data []byte) ([][]byte, error) {
	begin := []byte("-----BEGIN ")
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("the file is empty")
	case data[0] == 0x30:
		return [][]byte{data}, nil
	case !bytes.Contains(data, begin):
		return nil, errors.New("neither PEM nor DER: a signer is an X.509 certificate, as Microchip offers it beside the manifests")
	}
	var blocks [][]byte
	want, rest := bytes.Count(data, begin), data
	for {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of type %s, and not a certificate", manifest.Quote(block.Type))
		}
		blocks, rest = append(blocks, block.Bytes), more
	}
	// The standard library passes over blocks that it cannot read.
	if len(blocks) != want {
		return nil, fmt.Errorf("%d PEM blocks begin, and %d of them can be read", want, len(blocks))
	}
	return blocks, nil
}

func appendNew(signers []*x509.Certificate, more ...*x509.Certificate) []*x509.Certificate {
	for _, certificate := range more {
		if !slices.ContainsFunc(signers, certificate.Equal) {
			signers = append(signers, certificate)
		}
	}
	return signers
}
