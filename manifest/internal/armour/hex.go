package armour

import (
	"bytes"
	"encoding/hex"

	"github.com/thingpress/thingpress/manifest"
)

// BeginsHex reports whether text begins like DER in hex: with the tag of a sequence and its
// length, perhaps after 0x, or after \x as PostgreSQL writes binary data. In base64 the same DER begins with the letter M.
func BeginsHex(text []byte) bool {
	digits := withoutSeparators(trimHex(text[:min(len(text), 64)]))
	return len(digits) >= 8 && bytes.HasPrefix(digits, []byte("30")) && len(bytes.Trim(digits, "0123456789abcdefABCDEF")) == 0
}

// Hex decodes hex with colons, dashes, blanks and line breaks anywhere, perhaps after 0x or \x.
func Hex(text []byte) ([]byte, error) {
	digits := withoutSeparators(trimHex(withoutLiterals(text)))
	raw := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(raw, digits); err != nil {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "not hex: %w", err)
	}
	return raw, nil
}

func trimHex(text []byte) []byte {
	text = bytes.TrimSpace(text)
	if len(text) > 2 && (text[0] == '0' || text[0] == '\\') && (text[1] == 'x' || text[1] == 'X') {
		return text[2:]
	}
	return text
}

func withoutSeparators(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case bytes.IndexByte([]byte(": -\t\r\n"), c) >= 0:
		case c == '\\' && i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r'):
			i++
		default:
			out = append(out, c)
		}
	}
	return out
}
