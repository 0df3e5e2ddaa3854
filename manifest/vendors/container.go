package vendors

import (
	"bytes"

	"github.com/thingpress/thingpress/manifest/internal/window"
)

// magics are the beginnings of files that are met in place of manifests.
var magics = []struct{ magic, what string }{
	{"PK\x03\x04", "a ZIP archive (or a spreadsheet in one); unpack it, or save the sheet as CSV, and import what is inside"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"PK\x07\x08", "a part of a split ZIP archive; put the parts together and unpack it"},
	{"\x1f\x8b", "compressed with gzip; unpack it with gunzip first"},
	{"BZh", "compressed with bzip2; unpack it first"},
	{"\xfd7zXZ\x00", "compressed with xz; unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed with Zstandard; unpack it first"},
	{"Rar!\x1a\x07", "a RAR archive; unpack it first"},
	{"%PDF-", "a PDF document"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document; save the sheet as CSV"},
	{"\xfe\xed\xfe\xed", "a Java key store (JKS); export the certificates as PEM with keytool -exportcert -rfc"},
	{"\xce\xce\xce\xce", "a Java key store (JCEKS); export the certificates as PEM with keytool -exportcert -rfc"},
	{"ssh-", "an OpenSSH public key"},
	{"ecdsa-sha2-", "an OpenSSH public key"},
	{"\x7fELF", "a program"},
	{"MZ", "a program"},
}

// container names a file that holds something else than a manifest, or holds
// one in a wrapping that is not opened; empty where it is not known.
func container(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.what
		}
	}
	if len(head) > 262 && bytes.HasPrefix(head[257:], []byte("ustar")) {
		return "a tar archive; unpack it first"
	}
	if what := binaryDER(head); what != "" {
		return what
	}
	text := bytes.ToLower(bytes.TrimSpace(window.Head(head[:min(len(head), 1024)])))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "a page in HTML, such as a portal's login or error page in the place of the download; fetch the manifest again"
	case bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<error>")):
		return "an error message from an object store in XML, not the object; fetch the manifest again"
	case bytes.HasPrefix(text, []byte("<?xml")):
		return "XML"
	}
	return ""
}

// binaryDER tells apart what is encoded in DER: the first elements differ.
func binaryDER(head []byte) string {
	if len(head) < 8 || head[0] != 0x30 {
		return ""
	}
	body, ok := inner(head)
	if !ok || len(body) < 2 {
		return ""
	}
	// PKCS #7 begins with an OID below 1.2.840.113549.1.7.
	pkcs7 := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}
	switch {
	case bytes.HasPrefix(body, pkcs7):
		return "a PKCS #7 container in DER; take the certificates out with openssl pkcs7 -inform der -print_certs"
	case bytes.HasPrefix(body, []byte{0x02, 0x01, 0x03, 0x30}):
		return "a PKCS #12 container, which is made to hold private keys; export the certificates alone with openssl pkcs12 -nokeys"
	}
	tbs, ok := inner(body)
	switch {
	case body[0] != 0x30 || !ok:
		return ""
	case bytes.HasPrefix(tbs, []byte{0xa0, 0x03, 0x02, 0x01}):
		return "one certificate in DER; convert it with openssl x509 -inform der"
	case bytes.HasPrefix(tbs, []byte{0x02, 0x01, 0x00, 0x30}):
		return "a certificate signing request (CSR) in DER"
	case bytes.HasPrefix(tbs, []byte{0x02, 0x01, 0x01, 0x30}):
		return "a certificate revocation list (CRL) in DER"
	}
	return ""
}

// inner returns what follows the tag and length of a DER element, as far as it
// is there.
func inner(der []byte) ([]byte, bool) {
	switch {
	case len(der) < 2:
		return nil, false
	case der[1] <= 0x80: // 0x80 is BER's indefinite length
		return der[2:], true
	}
	n := 2 + int(der[1]&0x7f)
	if n > 6 || n > len(der) {
		return nil, false
	}
	return der[n:], true
}
