package vendors

import (
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// maxSignerFile is the maximum size of a signer file. Microchip's have 1 KB.
const maxSignerFile = 1 << 20

// signerExtensions are the extensions of the files that are read from a directory.
var signerExtensions = []string{".crt", ".pem", ".cer", ".der"}

// LoadSigners reads signer certificates from files and directories, for
// [manifest.Options.Signers]. In a directory it reads every *.crt, *.pem, *.cer
// and *.der, but no subdirectories. Each file has the content that [ParseSigners]
// accepts. Repeated certificates are returned once. If a file cannot be a signer
// the error names it: a set of trusted certificates is used as intended, or not at
// all.
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
			for _, certificate := range found {
				if !slices.ContainsFunc(signers, certificate.Equal) {
					signers = append(signers, certificate)
				}
			}
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

// ParseSigners reads the certificates in a file for any format that takes signers.
// The error is that of the last such format.
func ParseSigners(file []byte) (signers []*x509.Certificate, err error) {
	for _, f := range With(manifest.OptionSigners) {
		if signers, err = f.ParseSigners(file); err == nil {
			break
		}
	}
	return signers, err
}
