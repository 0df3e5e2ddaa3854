package manifest

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// privateKeyMarks are the words in the armour of every PEM private key, plain or
// encrypted (RFC 7468, RFC 1421, OpenSSH, OpenPGP), the beginning of PuTTY's files, and
// the words of PEM in base64 at each of the three positions in a group of four.
var privateKeyMarks = [...][]byte{
	[]byte("PRIVATE KEY"),
	[]byte("PuTTY-User-Key"),
	[]byte("UFJJVkFURSBLRV"),
	[]byte("BSSVZBVEUgS0VZ"),
	[]byte("QUklWQVRFIEtFW"),
}

// wideMarks are the same marks in UTF-16. Without the zero byte at one end they are
// found in either byte order.
var wideMarks = func() (wide [len(privateKeyMarks)][]byte) {
	for i, mark := range privateKeyMarks {
		wide[i] = bytes.Join(bytes.Split(mark, nil), []byte{0})
	}
	return wide
}()

const longestMark = 2*14 - 1

// HasPrivateKey reports whether text contains the armour of a private key, plain
// or in base64, in an encoding that is compatible with ASCII or in UTF-16. It
// decodes nothing and is cheap enough for every byte of a manifest. It misses words
// with line breaks inside.
func HasPrivateKey(text []byte) bool {
	if hasMark(text, privateKeyMarks[:]) {
		return true
	}
	return bytes.IndexByte(text, 0) >= 0 && hasMark(text, wideMarks[:])
}

func hasMark(text []byte, marks [][]byte) bool {
	for _, mark := range marks {
		if bytes.Contains(text, mark) {
			return true
		}
	}
	return false
}

// IsPrivateKey reports whether der begins with a private key without armour: PKCS
// #8, plain or encrypted, PKCS #1, SEC 1, or OpenSSL's form of a DSA key. It judges
// the structure only. Parsing the key would take seconds if its numbers are long
// enough, and would miss keys on curves that Go does not know.
func IsPrivateKey(der []byte) bool {
	if len(der) < 16 || der[0] != tagSequence {
		return false
	}
	whole, _, _ := cutElement(der)
	version, rest, ok := cutElement(whole.body)
	if !ok || version.tag != tagInteger || len(version.body) != 1 || version.body[0] > 1 {
		return isEncryptedPKCS8(der)
	}
	next, rest, ok := cutElement(rest)
	after, _, _ := cutElement(rest)
	switch {
	case !ok:
		return false
	case next.tag == tagOctetString: // SEC 1: version, key
		return true
	case next.tag == tagSequence: // PKCS #8: version, algorithm, key
		oid, _, _ := cutElement(next.body)
		return oid.tag == tagOID && after.tag == tagOctetString
	}
	// PKCS #1 has eight numbers after the version, a DSA key five.
	const fewest = 4
	for n := 0; next.tag == tagInteger; n++ {
		if n == fewest {
			return true
		}
		if next, rest, ok = cutElement(rest); !ok {
			return false
		}
	}
	return false
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

// NewSecretReader returns a SecretReader for r.
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
