package plain

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONWriter returns a writer that passes JSON on with characters that hide as \u escapes, which mean
// the same. Each Write must have whole characters, as those of a json.Encoder have.
func JSONWriter(to io.Writer) io.Writer { return jsonWriter{to} }

type jsonWriter struct{ to io.Writer }

func (w jsonWriter) Write(p []byte) (int, error) {
	if _, err := w.to.Write(escaped(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escaped returns JSON with \u escapes. Outside of strings, JSON has no character that hides except
// the white space that is kept.
func escaped(text []byte) []byte {
	if !bytes.ContainsFunc(text, escapes) {
		return text
	}
	out := make([]byte, 0, len(text)+32)
	for _, r := range string(text) {
		switch {
		case !escapes(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

func escapes(r rune) bool { return r > 0x7e && hides(r) }
