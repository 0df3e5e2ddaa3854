package armour

import (
	"bytes"
	"crypto/x509"
	"math"
)

// NameDER returns what head, the beginning of DER or BER, encodes; "" if unknown.
func NameDER(head []byte) string {
	if len(head) < 8 || head[0] != 0x30 {
		return ""
	}
	body, ok := inner(head)
	if !ok || len(body) < 2 {
		return ""
	}
	switch {
	case BeginsPKCS7(head):
		return "a PKCS #7 container in DER; take the certificates out with openssl pkcs7 -inform der -print_certs"
	case bytes.HasPrefix(body, []byte{0x02, 0x01, 0x03, 0x30}):
		return "a PKCS #12 container, which is made to hold private keys; export the certificates alone with openssl pkcs12 -nokeys"
	}
	tbs, ok := inner(body)
	switch {
	case body[0] != 0x30 || !ok:
		return ""
	case BeginsCertificate(head):
		return "a certificate in DER"
	case bytes.HasPrefix(tbs, []byte{0x02, 0x01, 0x00, 0x30}):
		return "a certificate signing request (CSR) in DER"
	case bytes.HasPrefix(tbs, []byte{0x02, 0x01, 0x01, 0x30}):
		return "a certificate revocation list (CRL) in DER"
	}
	return ""
}

// ForeignDER names der if it is a request or a revocation list, which cannot contain
// a certificate of a device; "" otherwise.
func ForeignDER(der []byte) string {
	if BeginsCertificate(der) {
		return ""
	}
	if _, err := x509.ParseCertificateRequest(der); err == nil {
		return Foreign("CERTIFICATE REQUEST")
	}
	if _, err := x509.ParseRevocationList(der); err == nil {
		return Foreign("X509 CRL")
	}
	return ""
}

// inner returns what follows the tag and the length of a DER element, as far as it is present.
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

// DERSize returns the length that the DER element at the beginning of head states, or the greatest int
// if it is longer.
func DERSize(head []byte) (int, bool) {
	rest, ok := inner(head)
	if !ok || head[1] == 0x80 {
		return 0, false
	}
	header := len(head) - len(rest)
	size := int64(head[1])
	if header > 2 {
		size = 0
		for _, b := range head[2:header] {
			size = size<<8 | int64(b)
		}
	}
	return int(min(int64(header)+size, math.MaxInt)), true
}

// BeginsCertificate reports whether head begins like an X.509 certificate in DER, up
// to the version. In version 1 the serial number and the signature algorithm take
// the place of the version. No other data begins like this by chance.
func BeginsCertificate(head []byte) bool {
	if len(head) < 2 || head[0] != 0x30 {
		return false
	}
	body, ok := inner(head)
	if !ok || len(body) < 2 || body[0] != 0x30 {
		return false
	}
	tbs, ok := inner(body)
	return ok && (bytes.HasPrefix(tbs, []byte{0xa0, 0x03, 0x02, 0x01}) || beginsVersion1(tbs))
}

// beginsVersion1 reports whether tbs begins with a serial number and a signature
// algorithm. The number 0 begins a request, and 1 a revocation list.
func beginsVersion1(tbs []byte) bool {
	if len(tbs) < 3 || tbs[0] != 0x02 || tbs[1] == 0 || tbs[1] > 20 || tbs[1] == 1 && tbs[2] <= 1 {
		return false
	}
	algorithm := tbs[min(len(tbs), 2+int(tbs[1])):]
	return len(algorithm) > 2 && algorithm[0] == 0x30 && algorithm[2] == 0x06
}
