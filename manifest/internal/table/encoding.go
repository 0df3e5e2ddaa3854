package table

import (
	"unicode/utf8"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// checkEncoding returns an error that names the first byte of text that is not UTF-8, and how to
// convert the table. Unless text is the end of the table, its last character may be cut. line is
// that at which text begins.
func checkEncoding(text []byte, ended bool, line int) error {
	for at := 0; at < len(text); {
		if !ended && !utf8.FullRune(text[at:]) {
			return nil
		}
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return manifest.Errorf(manifest.ReasonCorrupt,
				"line %d has a byte (0x%02X) that is not UTF-8; the encoding is probably %s: save the table as CSV in UTF-8, or convert it with "+
					"iconv -f %[3]s -t UTF-8",
				line+stream.CountBreaks(text[:at]), text[at], encodingOf(text))
		}
		at += size
	}
	return nil
}

// encodingOf returns what text that is not UTF-8 probably is, under its name in iconv.
// Windows-1252 has everything that prints in Latin-1.
func encodingOf(text []byte) string {
	for _, c := range text {
		if c >= 0x80 && c < 0xa0 {
			return "WINDOWS-1252"
		}
	}
	return "ISO-8859-1"
}
