package manifest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"slices"
)

// privateKeyMarks are what a private key looks like inside text: the words in
// the armour of every PEM private key, plain or encrypted (RFC 7468, RFC 1421,
// OpenSSH, OpenPGP), and the same words in base64 at each of the three places
// that they can have in a group of four.
var privateKeyMarks = [...][]byte{
	[]byte("PRIVATE KEY"),
	[]byte("UFJJVkFURSBLRV"),
	[]byte("BSSVZBVEUgS0VZ"),
	[]byte("QUklWQVRFIEtFW"),
}

const longestMark = 14

// HasPrivateKey reports whether text carries the armour of a private key, as it
// is or in base64. It does not decode anything, and is cheap enough for every
// byte of a manifest. Line breaks inside the words hide them.
func HasPrivateKey(text []byte) bool {
	for _, mark := range privateKeyMarks {
		if bytes.Contains(text, mark) {
			return true
		}
	}
	return false
}

// IsPrivateKey reports whether der is a private key without armour: PKCS #8,
// plain or encrypted, PKCS #1 or SEC 1.
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

// isEncryptedPKCS8 looks for EncryptedPrivateKeyInfo (RFC 5958, 3): a sequence
// of an algorithm below PKCS #5 or #12 and an octet string.
func isEncryptedPKCS8(der []byte) bool {
	var (
		pkcs5  = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05}
		pkcs12 = []byte{0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01}
	)
	// SEQUENCE { SEQUENCE { OBJECT IDENTIFIER: both headers are two to four bytes.
	head := der[:min(len(der), 24)]
	for _, oid := range [][]byte{pkcs5, pkcs12} {
		if at := bytes.Index(head, oid); at >= 4 && at <= 8 {
			return true
		}
	}
	return false
}

// ErrPrivateKey is the cause of a [FileError] of [ReasonPrivateKey]. It says
// nothing of the key.
var ErrPrivateKey = Errorf(ReasonPrivateKey,
	"the file carries a private key; treat the key as compromised, and ask for a manifest without")

// A SecretReader passes on what it reads and notices the armour of private keys
// in it, also where two reads cut it. It is not safe for concurrent use.
type SecretReader struct {
	r     io.Reader
	tail  []byte // the end of what was read, shorter than a mark
	found bool
}

// NewSecretReader returns a SecretReader over r, which yields text in an ASCII
// compatible encoding.
func NewSecretReader(r io.Reader) *SecretReader { return &SecretReader{r: r} }

// Found reports whether what was read so far carries a private key.
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

// Drain reads to the end and reports whether a private key was found anywhere. A
// manifest that breaks is still refused for a key after the break.
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
