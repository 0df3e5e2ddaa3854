package generated

import (
	"bytes"
	"math"

	"github.com/thingpress/thingpress/manifest/internal/armour"
)

// maxWrapped is the longest line that may be part of wrapped base64. The usual
// widths are 64 and 76.
const maxWrapped = 128

var (
	beginLine = []byte("-----BEGIN ")
	endLine   = []byte("-----END ")
)

// unwrap removes whatever surrounds the base64 of a line: blanks, quotes, the comma
// or semicolon after an element of a list, and the b'…' of a printed Python bytes
// literal.
func unwrap(line []byte) []byte {
	line = bytes.TrimRight(bytes.TrimSpace(line), ",; \t")
	inner := bytes.TrimPrefix(line, []byte("b"))
	if n := len(inner); n >= 2 && (inner[0] == '\'' || inner[0] == '"') && inner[n-1] == inner[0] {
		line = bytes.TrimSpace(inner[1 : n-1])
	}
	return line
}

// isBase64 reports whether a line consists of base64 characters.
func isBase64(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte(`\n`))
	for _, c := range bytes.TrimRight(line, "=") {
		if !base64Characters[c] {
			return false
		}
	}
	return len(line) > 0
}

// base64Characters has the characters of both alphabets (RFC 4648, 4 and 5).
var base64Characters = func() (is [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" {
		is[c] = true
	}
	return is
}()

// start returns the decoded beginning of base64.
func start(line []byte) []byte {
	const enough = 64 // a header with a serial number of 20 bytes
	raw, err := armour.Base64(line[:min(len(line), enough)])
	if err != nil {
		return nil
	}
	return raw
}

// begins reports whether a line is base64 of the beginning of a certificate, of PEM, or of a PKCS #7 container.
func begins(line []byte) bool {
	line = unwrap(line)
	const shortest = 16
	if len(line) < shortest {
		return false
	}
	raw := start(line)
	return (armour.BeginsCertificate(raw) || armour.BeginsPKCS7(raw) || bytes.HasPrefix(raw, beginLine)) && isBase64(line)
}

// wrapped reports whether a line may be the first of wrapped base64, and how many
// characters the whole will have. DER states its length. PEM does not; a shorter
// line ends it.
func wrapped(line []byte) (whole int, ok bool) {
	if len(line) > maxWrapped || len(line)%4 != 0 || !begins(line) {
		return 0, false
	}
	raw := start(line)
	if size, ok := armour.DERSize(raw); ok && raw[0] == 0x30 {
		return (8*size + 5) / 6, true
	}
	return math.MaxInt, true
}

// complete reports whether base64 contains all of what it begins.
func complete(text []byte) bool {
	text = bytes.Join(bytes.Fields(unwrap(text)), nil)
	if !begins(text) {
		return true // something else, not unfinished
	}
	raw, err := armour.Base64(text[:len(text)/4*4])
	if err != nil {
		return true // broken, not unfinished
	}
	if armour.HasBegin(raw) {
		return !armour.Unterminated(raw)
	}
	size, ok := armour.DERSize(raw)
	return !ok || len(raw) >= size || len(text)%4 != 0 && len(raw)+3 > size
}
