// Package member judges files in archives and directories by their names.
package member

import (
	"path"
	"strings"
)

// leftoverDirectories and leftoverFiles are what operating systems leave in
// archives, in lower case.
var (
	leftoverDirectories = map[string]bool{
		"__macosx": true, ".spotlight-v100": true, ".trashes": true, ".fseventsd": true, "@eadir": true, "$recycle.bin": true,
	}
	leftoverFiles = map[string]bool{
		".ds_store": true, "thumbs.db": true, "ehthumbs.db": true, "desktop.ini": true, ".directory": true,
	}
)

// IsLeftover reports whether a member of an archive was left there by an operating
// system, an editor or an office program. Such a member is not an entry.
func IsLeftover(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if leftoverDirectories[part] {
			return true
		}
	}
	base := path.Base(name)
	switch path.Ext(base) {
	case ".bak", ".orig", ".swp", ".swo", ".tmp":
		return true
	}
	return leftoverFiles[base] || strings.HasPrefix(base, "._") || strings.HasPrefix(base, "~$") || strings.HasPrefix(base, ".~lock.") ||
		strings.HasSuffix(base, "~") || len(base) > 1 && strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#")
}

// IsReadme reports whether a member is an explanation, which vendors put next to
// manifests.
func IsReadme(name string) bool {
	base := path.Base(strings.ToLower(strings.ReplaceAll(name, `\`, "/")))
	stem, extension, _ := strings.Cut(base, ".")
	return stem == "readme" && extension != "pem"
}
