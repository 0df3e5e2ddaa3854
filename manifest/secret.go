package manifest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"slices"
)

// privateKeyMarks are the words in the armour of every PEM private key, plain or
// encrypted (RFC 7468, RFC 1421, OpenSSH, OpenPGP), and the same words in base64
// at each of the three positions in a group of four.
var privateKeyMarks = [...][]byte{
	[]byte("PRIVATE KEY"),
	[]byte("UFJJVkFURSBLRV"),
	[]byte("BSSVZBVEUgS0VZ"),
	[]byte("QUklWQVRFIEtFW"),
}

const longestMark = 14

// HasPrivateKey reports whether text contains the armour of a private key, plain
// or in base64. It decodes nothing and is cheap enough for every byte of a
// manifest. It misses words with line breaks inside.
func HasPrivateKey(text []byte) bool {
	for _, mark := range privateKeyMarks {
		if bytes.Contains(text, mark) {
			return true
		}
	}
	return false
}

// IsPrivateKey reports whether der is a private key without armour: PKCS #8, plain
// or encrypted, PKCS #1 or SEC 1.
func IsPrivateKey(der []byte) bool {
	if len(der) < 16 || der[0] != 0x30 {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParseECPrivateKey(der); err == nil {
		return true
	}
	return isEncryptedPKCS8(der)
}

// isEncryptedPKCS8 reports whether der looks like EncryptedPrivateKeyInfo (RFC
// 5958, 3): a sequence of an algorithm of PKCS #5 or #12 and an octet string.
func isEncryptedPKCS8(der []byte) bool {
	var (
		pkcs5  = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05}
		pkcs12 = []byte{0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01}
	)
	// SEQUENCE { SEQUENCE { OBJECT IDENTIFIER: both headers have two to four bytes.
	head := der[:min(len(der), 24)]
	for _, oid := range [][]byte{pkcs5, pkcs12} {
		if at := bytes.Index(head, oid); at >= 4 && at <= 8 {
			return true
		}
	}
	return false
}

// ErrPrivateKey is the cause of a [FileError] of [ReasonPrivateKey]. It reveals
// nothing about the key.
var ErrPrivateKey = Errorf(ReasonPrivateKey,
	"the file contains a private key")

// A SecretReader passes on what it reads and detects the armour of private keys,
// even if it spans two reads. It is not safe for concurrent use.
type SecretReader struct {
	r     io.Reader
	tail  []byte // the end of what was read, shorter than a mark
	found bool
}

// NewSecretReader returns a SecretReader for r, which must read text in an
// ASCII-compatible encoding.
func NewSecretReader(r io.Reader) *SecretReader { return &SecretReader{r: r} }

// Found reports whether the data read so far contains a private key.
func (s *SecretReader) Found() bool { return s.found }

// Read implements [io.Reader].
func (s *SecretReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if n > 0 && !s.found {
		s.look(p[:n])
	}
	return n, err
}

func (s *SecretReader) look(text []byte) {
	if HasPrivateKey(text) {
		s.found = true
		return
	}
	seam := slices.Concat(s.tail, text[:min(len(text), longestMark-1)])
	s.found = HasPrivateKey(seam)
	if len(text) >= longestMark-1 {
		s.tail = append(s.tail[:0], text[len(text)-(longestMark-1):]...)
		return
	}
	s.tail = append(s.tail[:0], seam[max(0, len(seam)-(longestMark-1)):]...)
}

// Drain reads to the end and reports whether the data contains a private key. It
// is also called after a manifest turned out to be broken.
func (s *SecretReader) Drain() (bool, error) {
	buffer := make([]byte, 64<<10)
	for !s.found {
		switch _, err := s.Read(buffer); {
		case errors.Is(err, io.EOF):
			return s.found, nil
		case err != nil:
			return s.found, err
		}
	}
	return true, nil
}
