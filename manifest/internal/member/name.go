package member

import (
	"strings"
	"unicode"
)

// Unsafe returns why a name must not be used as a path; "" if it is safe.
func Unsafe(name string) string {
	switch {
	case name == "":
		return "it has no name"
	case name[0] == '/':
		return "its name is an absolute path"
	case strings.ContainsRune(name, '\\'):
		return "its name has a backslash"
	case len(name) > 1 && name[1] == ':':
		return "its name begins with a drive"
	case strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}):
		return "its name has characters that do not show"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return "its name climbs out of the archive"
		}
	}
	return ""
}
