package prove

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxKeyFile is the size limit of a file with keys.
const maxKeyFile = 1 << 20

// A fingerprint is the SHA-256 of a public key.
type fingerprint [sha256.Size]byte

func fingerprintOf(public any) (fingerprint, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	return sha256.Sum256(der), err
}

// A keyFile is a place of a private key. The key is read again when it is needed, so that memory has no key
// that is not in use.
type keyFile struct {
	path string
	used bool
}

// keys are the private keys of a directory, by public key.
type keys struct {
	files map[fingerprint]*keyFile
	// keyless are files without a key that can be read, such as certificates and encrypted keys.
	keyless []string
}

// readKeys reads the private keys in a directory and in those below it.
func readKeys(ctx context.Context, dir string) (*keys, error) {
	k := &keys{files: map[fingerprint]*keyFile{}}
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not follow a link
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		}
		found, err := signersIn(path)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			k.keyless = append(k.keyless, path)
		}
		for _, signer := range found {
			public, err := fingerprintOf(signer.Public())
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if k.files[public] == nil {
				k.files[public] = &keyFile{path: path}
			}
		}
		return nil
	})
	return k, err
}

// signersIn returns the private keys of a PEM file: PKCS #8, SEC 1 or PKCS #1. Other files have none.
func signersIn(path string) (found []crypto.Signer, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a link that leads nowhere
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if signer := signerOf(block); signer != nil {
			found = append(found, signer)
		}
	}
	return found, nil
}

// signerOf returns the private key in a block, or nil.
func signerOf(block *pem.Block) crypto.Signer {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil
	}
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil
	}
	return signer
}

// take marks the key of a certificate as used, and reports whether there is one.
func (k *keys) take(certificate *x509.Certificate) bool {
	public, err := fingerprintOf(certificate.PublicKey)
	file := k.files[public]
	if err != nil || file == nil {
		return false
	}
	file.used = true
	return true
}

// signer reads the key of a certificate.
func (k *keys) signer(certificate *x509.Certificate) (crypto.Signer, error) {
	public, err := fingerprintOf(certificate.PublicKey)
	if err != nil {
		return nil, err
	}
	path := k.files[public].path
	found, err := signersIn(path)
	if err != nil {
		return nil, err
	}
	for _, signer := range found {
		if again, err := fingerprintOf(signer.Public()); err == nil && again == public {
			return signer, nil
		}
	}
	return nil, errors.New(path + " has changed since it was first read")
}

// unused returns the files with a key of no device, sorted.
func (k *keys) unused() (paths []string) {
	for _, file := range k.files {
		if !file.used {
			paths = append(paths, file.path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
