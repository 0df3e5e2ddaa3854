package manifest

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"unicode/utf8"
)

// parseLenient parses a certificate in one of the encodings that RFC 5280 forbids
// to authorities, asks readers to accept, and crypto/x509 rejects:
//
//   - a negative serial number (4.1.2.2: users "SHOULD be prepared to gracefully
//     handle such certificates")
//   - UniversalString in the names of subject and issuer (4.1.2.4: users "SHOULD be
//     prepared to receive certificates with these types")
//
// It parses a copy in which these are replaced. Everything raw in the result is the
// original's. ok is false if there is nothing to replace, or something else is wrong.
func parseLenient(der []byte) (certificate *x509.Certificate, ok bool) {
	outer, _, ok := cutElement(der)
	if !ok || !outer.isDER() {
		return nil, false
	}
	signed, ok := elements(outer.body, 3)
	if !ok || len(signed) == 0 || !signed[0].isDER() {
		return nil, false
	}
	tbs, ok := elements(signed[0].body, 10)
	at := 0
	if ok && len(tbs) > 0 && tbs[0].tag == tagVersion {
		at = 1
	}
	if !ok || len(tbs) < at+6 {
		return nil, false
	}
	const issuer, subject = 2, 4 // after the serial number
	serial, negative := positive(tbs[at])
	changed := negative
	var copied []byte
	for i, e := range tbs {
		replaced := false
		switch i - at {
		case 0:
			e = serial
		case issuer, subject:
			e, replaced = readable(e, nameDepth)
		}
		changed = changed || replaced
		copied = append(copied, e.raw...)
	}
	if !changed {
		return nil, false
	}
	whole := newElement(tagSequence, copied).raw
	for _, e := range signed[1:] {
		whole = append(whole, e.raw...)
	}
	parsed, err := x509.ParseCertificate(newElement(tagSequence, whole).raw)
	if err != nil || len(outer.raw) != len(der) {
		return nil, false
	}
	parsed.Raw, parsed.RawTBSCertificate = der, signed[0].raw
	parsed.RawIssuer, parsed.RawSubject = tbs[at+issuer].raw, tbs[at+subject].raw
	if negative {
		n := tbs[at].body
		parsed.SerialNumber.SetBytes(n)
		parsed.SerialNumber.Sub(parsed.SerialNumber, new(big.Int).Lsh(big.NewInt(1), uint(8*len(n))))
	}
	return parsed, true
}

// positive returns a positive number of the same length in the place of a negative one.
func positive(number element) (element, bool) {
	n := number.body
	padded := len(n) > 1 && n[0] == 0xff && n[1] >= 0x80 // not DER
	if number.tag != tagInteger || len(n) == 0 || n[0] < 0x80 || padded || !number.isDER() {
		return number, false
	}
	n = bytes.Clone(n)
	n[0] = 1
	return newElement(number.tag, n), true
}

// nameDepth is the depth of strings in a Name (RFC 5280, 4.1.2.4), which is a
// sequence of sets of sequences of a type and a value.
const nameDepth = 3

// readable returns an element with UTF8String in the place of every UniversalString
// depth levels below it, and reports whether there was any.
func readable(e element, depth int) (element, bool) {
	if depth == 0 {
		text, ok := fromUniversal(e)
		if !ok || !e.isDER() {
			return e, false
		}
		return newElement(tagUTF8String, text), true
	}
	if bytes.IndexByte(e.body, tagUniversalString) < 0 || !e.isDER() {
		return e, false
	}
	var body []byte
	changed := false
	for rest := e.body; len(rest) > 0; {
		part, after, ok := cutElement(rest)
		if !ok {
			return e, false
		}
		part, replaced := readable(part, depth-1)
		changed = changed || replaced
		body, rest = append(body, part.raw...), after
	}
	if !changed {
		return e, false
	}
	return newElement(e.tag, body), true
}

// fromUniversal returns the text of a UniversalString, whose characters have four
// bytes each, in UTF-8.
func fromUniversal(e element) ([]byte, bool) {
	if e.tag != tagUniversalString || len(e.body)%4 != 0 {
		return nil, false
	}
	var text []byte
	for at := 0; at < len(e.body); at += 4 {
		r := binary.BigEndian.Uint32(e.body[at:])
		if r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
			return nil, false
		}
		text = utf8.AppendRune(text, rune(r))
	}
	return text, true
}

// hasUniversalString reports whether the raw subject or issuer of a certificate contains a UniversalString.
func hasUniversalString(certificate *x509.Certificate) bool {
	for _, raw := range [][]byte{certificate.RawSubject, certificate.RawIssuer} {
		if name, _, ok := cutElement(raw); ok {
			if _, found := readable(name, nameDepth); found {
				return true
			}
		}
	}
	return false
}
