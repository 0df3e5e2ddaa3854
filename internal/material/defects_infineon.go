package material

import (
	"bytes"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// defects of a file in a bundle, beside those of its certificate.
func (f *infineonFormat) defects() []defect[infineonEntry] {
	text := func(with func(der []byte) []byte) func(*infineonEntry, craft) {
		return func(e *infineonEntry, _ craft) { e.text = with }
	}
	return onLeaf(f.leaf,
		defect[infineonEntry]{"empty file", manifest.ReasonNoCertificate, text(func([]byte) []byte { return nil })},
		defect[infineonEntry]{"two certificates", manifest.ReasonSeveralCertificates, text(func(der []byte) []byte {
			return slices.Concat(pemCRLF(der), pemCRLF(der))
		})},
		defect[infineonEntry]{"broken base64", manifest.ReasonBadEncoding, text(func(der []byte) []byte {
			return bytes.Replace(pemCRLF(der), []byte("\nMI"), []byte("\nM*"), 1)
		})},
		defect[infineonEntry]{"file of another bundle", manifest.ReasonMalformedEntry, func(e *infineonEntry, _ craft) {
			e.bundle = map[string]string{bundleE0E0: bundleE0E1, bundleE0E1: bundleE0E2, bundleE0E2: bundleE0E0}[e.bundle]
		}},
		defect[infineonEntry]{"short chip ID", manifest.ReasonBadID, func(e *infineonEntry, _ craft) { e.chip = e.chip[:18] }},
		defect[infineonEntry]{"chip ID that is not hex", manifest.ReasonBadID, func(e *infineonEntry, _ craft) { e.chip = "G" + e.chip[1:] }},

		defect[infineonEntry]{"LF", "", text(func(der []byte) []byte { return []byte(pemText(der)) })},
		defect[infineonEntry]{"DER", "", text(func(der []byte) []byte { return der })},
		defect[infineonEntry]{"text before", "", text(func(der []byte) []byte {
			return slices.Concat([]byte("subject=/C=DE\r\n"), pemCRLF(der))
		})},
		defect[infineonEntry]{"chip ID in lower case", "", func(e *infineonEntry, _ craft) { e.chip = strings.ToLower(e.chip) }},
	)
}
