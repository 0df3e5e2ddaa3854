// Package armour reads certificates from text: PEM as found in spreadsheets and
// mails, base64 of PEM, and base64 of DER.
package armour

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"

	"github.com/thingpress/thingpress/manifest"
)

var (
	begin = []byte("-----BEGIN ")
	end   = []byte("-----END ")
	dash  = []byte("-----")
)

// HasBegin reports whether text contains a line that begins a PEM block.
func HasBegin(text []byte) bool { return bytes.Contains(text, begin) }

// Unterminated reports whether the last PEM block in text begins but does not end.
func Unterminated(text []byte) bool {
	last := bytes.LastIndex(text, begin)
	if last < 0 {
		return false
	}
	tail := text[last:]
	at := bytes.Index(tail, end)
	return at < 0 || !bytes.Contains(tail[at+len(end):], dash)
}

// Parse returns the certificates in text in order, at least one: PEM blocks,
// base64 of DER, base64 of PEM, or hex of DER. Line breaks may be real, missing, turned into
// spaces, or written as \n. Errors have a [manifest.Reason]. An error of
// [manifest.ReasonPrivateKey] rejects the whole file.
func Parse(text []byte) ([]*x509.Certificate, error) {
	if HasBegin(text) {
		return parsePEM(text)
	}
	raw, err := decodeText(text)
	if err != nil {
		return nil, err
	}
	if HasBegin(raw) {
		return parsePEM(raw)
	}
	certificate, err := ParseDER(raw)
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{certificate}, nil
}

// decodeText decodes base64 or hex.
func decodeText(text []byte) ([]byte, error) {
	if BeginsHex(text) {
		return Hex(text)
	}
	return Base64(text)
}

// ParseDER parses one certificate. It distinguishes a private key from broken data.
func ParseDER(der []byte) (*x509.Certificate, error) {
	certificate, err := manifest.ParseCertificate(der)
	switch {
	case err == nil:
		return certificate, nil
	case hasPrivateKey(der):
		return nil, manifest.ErrPrivateKey
	case !BeginsCertificate(der) && NameDER(der) != "":
		return nil, manifest.Errorf(manifest.ReasonBadCertificate, "this is %s", NameDER(der))
	}
	return nil, err
}

// HoldsPrivateKey reports whether text, in a form that [Parse] reads, is a private key. It is for what
// stands in the place of a certificate and need not be parsed.
func HoldsPrivateKey(text []byte) bool {
	if HasBegin(text) {
		return manifest.HasPrivateKey(text)
	}
	raw, err := decodeText(text)
	return err == nil && hasPrivateKey(raw)
}

// hasPrivateKey reports whether one of several DER elements is a private key, or
// contains one in PEM.
func hasPrivateKey(der []byte) bool {
	if manifest.HasPrivateKey(der) {
		return true
	}
	for {
		size, ok := DERSize(der)
		switch {
		case manifest.IsPrivateKey(der):
			return true
		case !ok || size <= 0 || size >= len(der):
			return false
		}
		der = der[size:]
	}
}

func parsePEM(text []byte) ([]*x509.Certificate, error) {
	if manifest.HasPrivateKey(text) {
		return nil, manifest.ErrPrivateKey
	}
	var all []*x509.Certificate
	for HasBegin(text) {
		der, rest, err := nextBlock(text, CheckLabel)
		if err != nil {
			return nil, err
		}
		certificate, err := ParseDER(der)
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
		text = rest
	}
	return all, nil
}

// Label returns the label of the first PEM block in text.
func Label(text []byte) string {
	_, after, _ := bytes.Cut(text, begin)
	label, _, _ := bytes.Cut(after, dash)
	return string(label[:min(len(label), 64)])
}

// DER decodes a PEM block with any label, or base64.
func DER(text []byte) ([]byte, error) {
	if !HasBegin(text) {
		return Base64(text)
	}
	der, _, err := nextBlock(text, func(string) error { return nil })
	return der, err
}

// nextBlock decodes the first PEM block of text, which must have one, if its label passes a check.
func nextBlock(text []byte, checkLabel func(label string) error) (der, rest []byte, err error) {
	text = text[bytes.Index(text, begin)+len(begin):]
	labelEnd := bytes.Index(text, dash)
	if labelEnd < 0 {
		return nil, nil, manifest.Errorf(manifest.ReasonBadEncoding, "the PEM block has no complete BEGIN line")
	}
	label, text := string(text[:labelEnd]), text[labelEnd+len(dash):]
	if err := checkLabel(label); err != nil {
		return nil, nil, err
	}
	stop := bytes.Index(text, end)
	if stop < 0 {
		return nil, nil, manifest.Errorf(manifest.ReasonBadEncoding, "the PEM block begins but does not end; the text is cut off")
	}
	body, rest := text[:stop], text[stop+len(end):]
	if !bytes.HasPrefix(rest, []byte(label)) || !bytes.HasPrefix(rest[len(label):], dash) {
		return nil, nil, manifest.Errorf(manifest.ReasonBadEncoding, "the PEM block begins as %s but ends as something else", label)
	}
	if bytes.IndexByte(body, ':') >= 0 {
		return nil, nil, manifest.Errorf(manifest.ReasonBadEncoding, "the PEM block has header lines, which a certificate does not have")
	}
	der, err = decode(base64.StdEncoding, withoutLiterals(body))
	if err != nil {
		return nil, nil, err
	}
	return der, rest[len(label)+len(dash):], nil
}

// CheckLabel returns an error that says what a PEM block is that is not a certificate.
func CheckLabel(label string) error {
	switch label {
	case "CERTIFICATE", "X509 CERTIFICATE":
		return nil
	case "TRUSTED CERTIFICATE":
		return manifest.Errorf(manifest.ReasonBadCertificate,
			"an OpenSSL TRUSTED CERTIFICATE has trust settings after the certificate; convert it with openssl x509")
	}
	if what := What(label); what != "" {
		return manifest.Errorf(manifest.ReasonBadCertificate, "the PEM block is %s, not a certificate", what)
	}
	return manifest.Errorf(manifest.ReasonBadCertificate, "the PEM block is labelled %s, not CERTIFICATE", manifest.Quote(label))
}

// What returns what a PEM label stands for; "" if it is unknown.
func What(label string) string {
	if IsPKCS7Label(label) {
		return "a PKCS #7 container (openssl pkcs7 -print_certs takes the certificates out)"
	}
	return Foreign(label)
}

// IsPKCS7Label reports whether a PEM label is one of a PKCS #7 container.
func IsPKCS7Label(label string) bool {
	return label == "PKCS7" || label == "PKCS #7 SIGNED DATA" || label == "CMS"
}

// Foreign is like [What] for blocks that cannot contain a certificate of a device,
// and are passed over where certificates are expected.
func Foreign(label string) string {
	switch label {
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		return "a certificate signing request (CSR)"
	case "X509 CRL":
		return "a certificate revocation list (CRL)"
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return "a public key"
	case "EC PARAMETERS", "DH PARAMETERS", "DSA PARAMETERS":
		return "key parameters"
	case "ATTRIBUTE CERTIFICATE":
		return "an attribute certificate"
	}
	return ""
}

// Base64 decodes base64 in either alphabet, with or without padding, and with
// white space and escaped line breaks anywhere.
func Base64(text []byte) ([]byte, error) {
	text = withoutLiterals(text)
	text = bytes.TrimRight(bytes.TrimSpace(text), "=")
	if contains(text, '-', '_') {
		return decode(base64.RawURLEncoding, text)
	}
	return decode(base64.RawStdEncoding, text)
}

func decode(encoding *base64.Encoding, text []byte) ([]byte, error) {
	if contains(text, ' ', '\t', '\\') {
		text = squeeze(text)
	}
	raw := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(raw, text) // it ignores line ends
	if err != nil {
		return nil, manifest.Errorf(manifest.ReasonBadEncoding, "not base64: %w", err)
	}
	return raw[:n], nil
}

// literalBreaks are how spreadsheets write a carriage return and a line feed in a cell
// (ECMA-376, part 1, 22.9.2.19), and how some programs export them.
var literalBreaks = []struct{ literal, text string }{
	{"_x000D_", ""}, {"_x000d_", ""}, {"_x000A_", "\n"}, {"_x000a_", "\n"},
}

// withoutLiterals replaces the line ends that a spreadsheet wrote out.
func withoutLiterals(text []byte) []byte {
	if !bytes.Contains(text, []byte("_x000")) {
		return text
	}
	for _, b := range literalBreaks {
		text = bytes.ReplaceAll(text, []byte(b.literal), []byte(b.text))
	}
	return text
}

// contains reports whether text has one of the bytes. Searching for each byte is
// several times as fast as [bytes.ContainsAny].
func contains(text []byte, wanted ...byte) bool {
	for _, c := range wanted {
		if bytes.IndexByte(text, c) >= 0 {
			return true
		}
	}
	return false
}

// squeeze removes blanks and escaped line breaks.
func squeeze(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
		case c == '\\' && i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r'):
			i++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\\':
		default:
			out = append(out, c)
		}
	}
	return out
}
