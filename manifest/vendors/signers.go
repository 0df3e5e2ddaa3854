package vendors

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// maxSignerFile is the maximum size of a signer file. Microchip's have 1 KB.
const maxSignerFile = 1 << 20

// signerExtensions are the extensions of the files that are read from a directory.
var signerExtensions = []string{".crt", ".pem", ".cer", ".der"}

// keyName matches the names of files that have private keys by convention.
var keyName = regexp.MustCompile(`(?i)(^|[^a-z])(priv|private|private_?key|privkey|key)([^a-z]|$)`)

// A Signer is a certificate that may sign manifests.
type Signer struct {
	Certificate *x509.Certificate
	// File is where it is from; empty for one that the vendor has published.
	File string
}

// A PassedFile is a file of a directory of signers that was not used.
type PassedFile struct{ File, Why string }

// LoadSigners reads signer certificates, for [manifest.Options.Signers], from what
// names name: a format with published signers, a file with the content that
// [ParseSigners] accepts, or a directory.
//
// A directory may hold anything. Every certificate in a *.crt, *.pem, *.cer or *.der
// that can sign manifests is used. Other files, subdirectories, and files that are
// named like private keys are not opened. LoadSigners returns what it passed over.
//
// Repeated certificates are returned once. If nothing in a directory or a file can be
// a signer, the error names it.
func LoadSigners(names ...string) ([]Signer, []PassedFile, error) {
	var signers []Signer
	var passed []PassedFile
	add := func(found []*x509.Certificate, file string) {
		for _, c := range found {
			if !slices.ContainsFunc(signers, func(s Signer) bool { return c.Equal(s.Certificate) }) {
				signers = append(signers, Signer{c, file})
			}
		}
	}
	for _, name := range names {
		if f, ok := Published(name); ok {
			add(f.PublishedSigners(), "")
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, nil, fmt.Errorf("signer: %w", err)
		}
		if !info.IsDir() {
			found, err := readSigners(name, ParseSigners)
			if err != nil {
				return nil, nil, fmt.Errorf("signer %s: %w", name, err)
			}
			add(found, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, nil, fmt.Errorf("signer: %w", err)
		}
		usable := 0
		for _, entry := range entries {
			file := filepath.Join(name, entry.Name())
			why := unread(entry)
			if why == "" {
				found, err := readSigners(file, parseAnySigners)
				add(found, file)
				usable += len(found)
				if err != nil {
					why = err.Error()
				}
			}
			if why != "" {
				passed = append(passed, PassedFile{file, why})
			}
		}
		if usable == 0 {
			return nil, nil, noSigner(name, passed)
		}
	}
	return signers, passed, nil
}

// Published returns the format with published signers for which name stands in [LoadSigners]. Its case
// does not matter, unless there is a file with exactly this name.
func Published(name string) (f manifest.Format, ok bool) {
	f, err := Lookup(strings.ToLower(name))
	if err != nil || f.PublishedSigners == nil {
		return manifest.Format{}, false
	}
	if name != f.Vendor() {
		_, err = os.Lstat(name)
		return f, errors.Is(err, fs.ErrNotExist)
	}
	return f, true
}

// noSigner returns the error for a directory in which no file can be a signer.
func noSigner(dir string, passed []PassedFile) error {
	err := fmt.Errorf("signer %s: the directory has no certificate of a signer in a file named %s",
		dir, "*"+strings.Join(signerExtensions, ", *"))
	const most = 10
	named := 0
	for _, p := range passed {
		if filepath.Dir(p.File) != filepath.Clean(dir) {
			continue
		}
		if named++; named > most {
			return fmt.Errorf("%w; and more files", err)
		}
		err = fmt.Errorf("%w; %s: %s", err, filepath.Base(p.File), p.Why)
	}
	return err
}

// unread returns why a file of a directory is not opened, or "" for one that is.
func unread(entry os.DirEntry) string {
	extension := strings.ToLower(filepath.Ext(entry.Name()))
	isCertificate := slices.Contains(signerExtensions, extension)
	stem := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name()))
	switch {
	case entry.IsDir():
		return "a directory"
	case entry.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0: // opening one may wait for ever
		return "not a file, so it was not opened"
	case extension == ".key" || extension != ".crt" && extension != ".cer" && keyName.MatchString(stem):
		return "named like a private key, so it was not opened"
	case !isCertificate:
		return "not opened; signers are in files named *" + strings.Join(signerExtensions, ", *")
	}
	return ""
}

func readSigners(path string, parse func([]byte) ([]*x509.Certificate, error)) ([]*x509.Certificate, error) {
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
	return parse(data)
}

// parseAnySigners returns the certificates in a file that can be signers, and why
// others cannot.
func parseAnySigners(data []byte) ([]*x509.Certificate, error) {
	signers, whole := ParseSigners(data)
	if whole == nil || manifest.HasPrivateKey(data) {
		return signers, whole
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if found, err := ParseSigners(pem.EncodeToMemory(block)); err == nil {
			signers = append(signers, found...)
		}
	}
	return signers, whole
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

// Publishers returns the formats whose vendors have published signers.
func Publishers() []manifest.Format {
	return slices.DeleteFunc(Formats(), func(f manifest.Format) bool { return f.PublishedSigners == nil })
}

// PublisherOf returns the format whose vendor has published a signer; ok is false if
// there is none.
func PublisherOf(signer manifest.CertificateID) (publisher manifest.Format, ok bool) {
	for _, f := range Publishers() {
		for _, c := range f.PublishedSigners() {
			if manifest.CertificateIDOf(c.Raw) == signer {
				return f, true
			}
		}
	}
	return manifest.Format{}, false
}

// ParseCertificates reads all certificates in a file, PEM or DER, whether or not they
// can be signers.
func ParseCertificates(file []byte) ([]*x509.Certificate, error) {
	if manifest.HasPrivateKey(file) || manifest.IsPrivateKey(file) {
		return nil, errors.New("the file contains a private key")
	}
	if len(file) > 0 && file[0] == 0x30 {
		c, err := manifest.ParseCertificate(file)
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{c}, nil
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := manifest.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return nil, errors.New("the file has no certificate in PEM or DER")
	}
	return found, nil
}
