package container

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/manifest/internal/foreign"
)

// A kind is a kind of container.
type kind int

const (
	kindNone kind = iota
	kindGzip
	kindTar
	kindZip
)

// gzipMagic begins every member of a gzip file (RFC 1952, 2.3.1).
var gzipMagic = []byte("\x1f\x8b")

// Begins reports whether head begins a container.
func Begins(head []byte) bool { return kindOf(head) != kindNone }

func kindOf(head []byte) kind {
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return kindGzip
	case bytes.HasPrefix(head, []byte(localSignature)) && !foreign.IsOffice(head), bytes.HasPrefix(head, []byte(endSignature)):
		return kindZip
	case isTar(head):
		return kindTar
	}
	return kindNone
}

const tarBlock = 512

// isTar reports whether head begins with the header of a file in a tar archive: its checksum is
// right. Old archives have no other mark (POSIX.1-2017, pax, ustar Interchange Format).
func isTar(head []byte) bool {
	const from, to = 148, 156 // of the checksum
	if len(head) < tarBlock || head[0] == 0 {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[from:to]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	sum := int64(0)
	for i, b := range head[:tarBlock] {
		if i >= from && i < to {
			b = ' '
		}
		sum += int64(b)
	}
	return sum == want
}
