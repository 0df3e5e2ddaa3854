package material

import (
	"regexp"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

var byteOfMAC = regexp.MustCompile(`..`)

// defects returns the defects of a record, apart from those of its certificate.
func (*espressifSource) defects() []defect[*espressifEntry] {
	cell := func(with func(der []byte) string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.cell = with }
	}
	mac := func(change func(mac string) string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.mac = change(e.mac) }
	}
	columns := func(with func(mac, cn, cert string) []string) func(*espressifEntry, craft) {
		return func(e *espressifEntry, _ craft) { e.columns = with }
	}
	return []defect[*espressifEntry]{
		{"no certificate", manifest.ReasonNoCertificate, cell(func([]byte) string { return "" })},
		{"two certificates", manifest.ReasonSeveralCertificates, cell(func(der []byte) string { return pemText(der) + pemText(der) })},
		{"broken base64", manifest.ReasonBadEncoding, cell(func(der []byte) string { return strings.Replace(pemText(der), "\nMI", "\nM*", 1) })},
		{"a column missing", manifest.ReasonMalformedEntry, columns(func(mac, _, cert string) []string { return []string{mac, cert} })},
		{"a column too many", manifest.ReasonMalformedEntry, columns(func(mac, cn, cert string) []string {
			return []string{mac, cn, cert, "x"}
		})},
		{"short MAC", manifest.ReasonBadID, mac(func(m string) string { return m[:11] })},
		{"MAC from a spreadsheet", manifest.ReasonBadID, mac(func(string) string { return "1.23E+11" })},
		{"another device's name", manifest.ReasonIdentityMismatch, func(e *espressifEntry, _ craft) {
			other := "00000000-0000-4000-8000-000000000000"
			e.cn = &other
		}},

		{"MAC in lower case", "", mac(strings.ToLower)},
		{"MAC with colons", "", mac(func(m string) string { return strings.Join(byteOfMAC.FindAllString(m, -1), ":") })},
		{"MAC with hyphens", "", mac(func(m string) string { return strings.Join(byteOfMAC.FindAllString(m, -1), "-") })},
		{"PEM on one line", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", `\n`) })},
		{"PEM with CRLF", "", cell(func(der []byte) string { return strings.ReplaceAll(pemText(der), "\n", "\r\n") })},
	}
}
