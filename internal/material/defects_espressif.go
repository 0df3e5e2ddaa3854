package material

import (
	"regexp"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var byteOfMAC = regexp.MustCompile(`..`)

// defects of a record, beside those of its certificate.
func (f *espressifFormat) defects() []defect[espressifEntry] {
	cell := func(with func(der []byte) string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.cell = with }
	}
	mac := func(change func(mac string) string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.mac = change(e.mac) }
	}
	columns := func(with func(mac, cn, cert string) []string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.columns = with }
	}
	return onLeaf(f.leaf,
		defect[espressifEntry]{"no certificate", manifest.ReasonNoCertificate, cell(func([]byte) string { return "" })},
		defect[espressifEntry]{"two certificates", manifest.ReasonSeveralCertificates, cell(func(der []byte) string { return pemText(der) + pemText(der) })},
		defect[espressifEntry]{"broken base64", manifest.ReasonBadEncoding, cell(func(der []byte) string { return strings.Replace(pemText(der), "\nMI", "\nM*", 1) })},
		defect[espressifEntry]{"a column missing", manifest.ReasonMalformedEntry, columns(func(mac, _, cert string) []string { return []string{mac, cert} })},
		defect[espressifEntry]{"a column too many", manifest.ReasonMalformedEntry, columns(func(mac, cn, cert string) []string { return []string{mac, cn, cert, "x"} })},
		defect[espressifEntry]{"short MAC", manifest.ReasonBadID, mac(func(m string) string { return m[:11] })},
		defect[espressifEntry]{"MAC from a spreadsheet", manifest.ReasonBadID, mac(func(string) string { return "1.23E+11" })},
		defect[espressifEntry]{"another device's name", manifest.ReasonIdentityMismatch, func(e *espressifEntry, _ craft) {
			other := "00000000-0000-4000-8000-000000000000"
			e.cn = &other
		}},

		defect[espressifEntry]{"MAC in lower case", "", mac(strings.ToLower)},
		defect[espressifEntry]{"MAC with colons", "", mac(func(m string) string { return strings.Join(byteOfMAC.FindAllString(m, -1), ":") })},
		defect[espressifEntry]{"MAC with hyphens", "", mac(func(m string) string { return strings.Join(byteOfMAC.FindAllString(m, -1), "-") })},
		defect[espressifEntry]{"PEM on one line", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", `\n`) })},
		defect[espressifEntry]{"PEM with CRLF", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", "\r\n") })},
	)
}
