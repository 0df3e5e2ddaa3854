package infineon

import (
	"regexp"

	"github.com/thingpress/thingpress/manifest"
)

// guid is the form of the reel's confidential ID.
var guid = regexp.MustCompile(`[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}`)

// shown is a name of a file as messages have it, without a GUID.
func shown(name string) string { return manifest.Quote(guid.ReplaceAllString(name, "<GUID>")) }
