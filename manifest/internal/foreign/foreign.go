// Package foreign recognizes files that are not manifests.
package foreign

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"

	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// magics are the first bytes of files that operators pass instead of manifests.
var magics = []struct{ magic, what string }{
	{"PK\x03\x04", "a ZIP archive; unpack it and import what is inside"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"PK\x07\x08", "a part of a split ZIP archive; put the parts together and unpack it"},
	{"\xfd7zXZ\x00", "compressed with xz; unpack it with xz -d, or with tar -xJf if it is a tar archive, and import what is inside"},
	{
		"\x28\xb5\x2f\xfd",
		"compressed with Zstandard; unpack it with zstd -d, and with tar -xf if a tar archive comes out, and import what is inside",
	},
	{"Rar!\x1a\x07", "a RAR archive; unpack it and import what is inside"},
	{"%PDF-", "a PDF document"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document; save the sheet as CSV"},
	{"\xfe\xed\xfe\xed", "a Java key store (JKS); export the certificates as PEM with keytool -exportcert -rfc"},
	{"\xce\xce\xce\xce", "a Java key store (JCEKS); export the certificates as PEM with keytool -exportcert -rfc"},
	{"ssh-", "an OpenSSH public key"},
	{"ecdsa-sha2-", "an OpenSSH public key"},
	{"\x7fELF", "a program"},
	{"MZ", "a program"},
}

// Name returns a description of a file that is not a manifest, or that wraps one
// in a format that is not opened. It returns "" for unknown files.
func Name(head []byte) string {
	if IsOffice(head) {
		return "a spreadsheet or another document of an office program; save the sheet as CSV"
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.what
		}
	}
	switch {
	case isTar(head):
		return "a tar archive; unpack it with tar -xf and import what is inside"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		unpacked, err := gzip.NewReader(bytes.NewReader(head))
		if err == nil && isTar(beginning(unpacked)) {
			return "a tar archive that is compressed with gzip; unpack it with tar -xzf and import what is inside"
		}
		return "compressed with gzip; unpack it with gunzip and import what is inside"
	case bytes.HasPrefix(head, []byte("BZh")):
		if isTar(beginning(bzip2.NewReader(bytes.NewReader(head)))) {
			return "a tar archive that is compressed with bzip2; unpack it with tar -xjf and import what is inside"
		}
		return "compressed with bzip2; unpack it with bunzip2 and import what is inside"
	}
	if what := armour.NameDER(head); what != "" {
		return what
	}
	if what := JSON(stream.Head(head)); what != "" {
		return what
	}
	text := bytes.ToLower(bytes.TrimSpace(stream.Head(head[:min(len(head), 1024)])))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "a page in HTML, such as a portal's login or error page in the place of the download; fetch the manifest again"
	case bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<error>")):
		return "an error message from an object store in XML, not the object; fetch the manifest again"
	case bytes.HasPrefix(text, []byte("<?xml")):
		return "XML"
	case isBareUTF16(head):
		return "text in UTF-16 without a byte order mark; save it in UTF-8"
	}
	return ""
}

// beginning returns as much of r as identifies a tar archive. The content of a
// compressed file may be cut off.
func beginning(r io.Reader) []byte {
	head := make([]byte, tarBlock)
	n, _ := io.ReadFull(r, head)
	return head[:n]
}

// IsOffice reports whether a file is a document of an office program, which is a ZIP archive, judged
// by the first file in it (ECMA-376, part 2; OpenDocument 1.3, part 2, 3.3).
func IsOffice(head []byte) bool {
	const names = 30 // offset of the name of the first file
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) < names {
		return false
	}
	for _, first := range []string{"[Content_Types].xml", "_rels/", "docProps/", "xl/", "mimetypeapplication/vnd."} {
		if bytes.HasPrefix(head[names:], []byte(first)) {
			return true
		}
	}
	return false
}

// Contains reports whether a file is an archive that may contain a manifest, so
// the data after its first bytes may look like one.
func Contains(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || isTar(head)
}

// tarBlock is the size of the header of a file in a tar archive.
const tarBlock = 512

func isTar(head []byte) bool {
	return len(head) > 262 && bytes.HasPrefix(head[257:], []byte("ustar"))
}

// isBareUTF16 reports whether every other byte at the beginning is NUL.
func isBareUTF16(head []byte) bool {
	const enough = 16
	if len(head) < enough {
		return false
	}
	for i := 0; i < enough; i += 2 {
		if (head[i] == 0) == (head[i+1] == 0) || (head[i] == 0) != (head[0] == 0) {
			return false
		}
	}
	return true
}
