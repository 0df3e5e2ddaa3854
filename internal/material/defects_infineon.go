package material

import (
	"bytes"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// defects returns the defects of a file in a bundle, apart from those of its certificate.
func (*infineonSource) defects() []defect[*infineonEntry] {
	text := func(with func(der []byte) []byte) func(*infineonEntry, craft) {
		return func(e *infineonEntry, _ craft) { e.text = with }
	}
	return []defect[*infineonEntry]{
		{"empty file", manifest.ReasonNoCertificate, text(func([]byte) []byte { return nil })},
		{"two certificates", manifest.ReasonSeveralCertificates, text(func(der []byte) []byte {
			return slices.Concat(pemCRLF(der), pemCRLF(der))
		})},
		{"broken base64", manifest.ReasonBadEncoding, text(func(der []byte) []byte {
			return bytes.Replace(pemCRLF(der), []byte("\nMI"), []byte("\nM*"), 1)
		})},
		{"file of another bundle", manifest.ReasonMalformedEntry, func(e *infineonEntry, _ craft) {
			e.bundle = map[string]string{bundleE0E0: bundleE0E1, bundleE0E1: bundleE0E2, bundleE0E2: bundleE0E0}[e.bundle]
		}},
		{"short chip ID", manifest.ReasonBadID, func(e *infineonEntry, _ craft) { e.chip = e.chip[:18] }},
		{"chip ID that is not hex", manifest.ReasonBadID, func(e *infineonEntry, _ craft) { e.chip = "G" + e.chip[1:] }},

		{"LF", "", text(func(der []byte) []byte { return []byte(pemText(der)) })},
		{"DER", "", text(func(der []byte) []byte { return der })},
		{"text before", "", text(func(der []byte) []byte {
			return slices.Concat([]byte("subject=/C=DE\r\n"), pemCRLF(der))
		})},
		{"chip ID in lower case", "", func(e *infineonEntry, _ craft) { e.chip = strings.ToLower(e.chip) }},
	}
}
