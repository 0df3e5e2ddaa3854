package material

import (
	"encoding/base64"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// defects returns the defects of a line, apart from those of its certificate.
func (*linesSource) defects() []defect[*linesEntry] {
	line := func(with func(der []byte) string) func(*linesEntry, craft) {
		return func(e *linesEntry, _ craft) { e.line = with }
	}
	return []defect[*linesEntry]{
		{"not base64", manifest.ReasonBadEncoding, line(func(der []byte) string { return strings.Replace(base64OfPEM(der), "L", "!", 1) })},
		{"cut line", manifest.ReasonBadEncoding, line(func(der []byte) string { return base64OfPEM(der)[:101] })},
		{"two devices in a line", manifest.ReasonSeveralCertificates, line(func(der []byte) string {
			return base64.StdEncoding.EncodeToString([]byte(pemText(der) + pemText(der)))
		})},

		{"base64 of DER", "", line(base64.StdEncoding.EncodeToString)},
		{"wrapped by Python", "", line(func(der []byte) string { return "b'" + base64OfPEM(der) + "'" })},
		{"blank at the end", "", line(func(der []byte) string { return base64OfPEM(der) + " " })},
		{"CRLF", "", line(func(der []byte) string { return base64OfPEM(der) + "\r" })},
	}
}
