package espressif

import (
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// normalMAC returns twelve upper-case hex digits. It accepts pairs of digits with
// colons, dashes or spaces, groups of four with dots, halves with a dash, and digits
// without separators.
func normalMAC(text string) (string, error) {
	digits := text
	for _, form := range []struct {
		separator string
		group     int
	}{{":", 2}, {"-", 2}, {" ", 2}, {".", 4}, {"-", 6}} {
		if groups := strings.Split(text, form.separator); len(groups) == 12/form.group &&
			!slices.ContainsFunc(groups, func(group string) bool { return len(group) != form.group }) {

			digits = strings.Join(groups, "")
		}
	}
	switch {
	case text == "":
		return "", manifest.Errorf(manifest.ReasonBadID, "the MAC address is empty")
	case isScientific(text):
		return "", manifest.Errorf(manifest.ReasonBadID,
			"MAC address %s: a spreadsheet turned it into a number and lost digits; use the file as the vendor sent it", manifest.Quote(text))
	case !isHex(digits):
		return "", manifest.Errorf(manifest.ReasonBadID, "MAC address %s is not twelve hex digits", manifest.Quote(text))
	case len(digits) < 12:
		return "", manifest.Errorf(manifest.ReasonBadID,
			"MAC address %s has %d hex digits instead of twelve; spreadsheets drop leading zeros", manifest.Quote(text), len(digits))
	case len(digits) > 12:
		return "", manifest.Errorf(manifest.ReasonBadID, "MAC address %s has %d hex digits instead of twelve", manifest.Quote(text), len(digits))
	}
	return strings.ToUpper(digits), nil
}

// isScientific reports whether text is a number such as 1.23E+11, with either decimal separator.
func isScientific(text string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(text), "E+")
	return ok && mantissa != "" && strings.Trim(mantissa, "0123456789.,") == "" && strings.Trim(exponent, "0123456789") == ""
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }
