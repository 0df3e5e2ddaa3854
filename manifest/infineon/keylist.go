package infineon

import (
	"bytes"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// errKeyList rejects auto_keys.txt and PBS_keys.txt of the encrypted archive of
// keys. Their lines have a chip ID and a secret of the chip.
var errKeyList = manifest.Errorf(manifest.ReasonPrivateKey,
	"the file contains a decrypted list of the chips' keys, which does not belong in a manifest; "+
		"treat the keys as compromised, and keep the archive of keys encrypted")

// isKeyListName reports whether a file's name is that of such a list.
func isKeyListName(base string) bool {
	base = strings.ToLower(base)
	return strings.HasSuffix(base, "_keys.txt") || base == "keys.txt"
}

// isKeyList reports whether head begins such a list, judged by its first line that is not blank.
func isKeyList(head []byte) bool {
	head = bytes.TrimLeft(stream.Head(head), " \t\r\n")
	line, _, _ := bytes.Cut(head[:min(len(head), 4096)], []byte("\n"))
	chip, key, ok := bytes.Cut(line, []byte(","))
	if !ok {
		chip, key, ok = bytes.Cut(line, []byte(";"))
	}
	chip, key = bytes.Trim(chip, " \t\r\""), bytes.Trim(key, " \t\r\"")
	const shortestKey = 32 // hex digits: AES-128
	return ok && len(chip) == 2*chipIDSize && len(key) >= shortestKey && isHex(string(chip)) && isHex(string(key))
}
