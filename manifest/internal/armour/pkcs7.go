package armour

import (
	"bytes"

	"github.com/thingpress/thingpress/manifest"
)

// oidPKCS7 is the beginning of the object identifiers of PKCS #7, 1.2.840.113549.1.7, of
// which the last byte says what is in the container.
var oidPKCS7 = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07}

// MaxPKCS7 is the maximum length of a PKCS #7 container in bytes. It is read as a whole. A
// certificate takes about a kilobyte.
const MaxPKCS7 = 32 << 20

// maxNesting is how deep elements of indefinite length may nest.
const maxNesting = 16

// A PKCS7 is a container of certificates without a message or signatures (RFC 2315, 9;
// RFC 5652, 5.1), which is also called a degenerate SignedData.
type PKCS7 struct {
	// Elements are its certificates, in DER and in order. An element may be something else.
	Elements [][]byte
	// Lists is the number of its revocation lists.
	Lists int
}

// BeginsPKCS7 reports whether head begins a PKCS #7 container in DER or BER.
func BeginsPKCS7(head []byte) bool {
	if len(head) < 2 || head[0] != tagSequence {
		return false
	}
	body, ok := inner(head)
	return ok && bytes.HasPrefix(body, oidPKCS7)
}

// ParsePKCS7 parses a container. Its elements may have indefinite length (X.690, 8.1.3.6).
func ParsePKCS7(data []byte) (PKCS7, error) {
	var p PKCS7
	outer, rest, err := cutBER(data)
	if err != nil || outer.tag != tagSequence || len(rest) > 0 {
		return p, damagedPKCS7(err)
	}
	kind, rest, err := cutBER(outer.body)
	if err != nil || !bytes.HasPrefix(kind.whole, oidPKCS7) {
		return p, damagedPKCS7(err)
	}
	switch kind.whole[len(kind.whole)-1] {
	case 2:
	case 3, 4, 6:
		return p, manifest.Errorf(manifest.ReasonNoCertificate, "the PKCS #7 container is encrypted")
	default:
		return p, manifest.Errorf(manifest.ReasonNoCertificate, "the PKCS #7 container has data in it, not certificates")
	}
	explicit, _, err := cutBER(rest)
	if err != nil || explicit.tag != tagContext0 {
		return p, damagedPKCS7(err)
	}
	signed, _, err := cutBER(explicit.body)
	if err != nil || signed.tag != tagSequence {
		return p, damagedPKCS7(err)
	}
	err = p.fill(signed.body)
	return p, err
}

// fill reads the fields of a SignedData: version, digest algorithms, content, certificates,
// revocation lists, signers.
func (p *PKCS7) fill(body []byte) error {
	for _, tag := range []byte{tagInteger, tagSet} {
		field, rest, err := cutBER(body)
		if err != nil || field.tag != tag {
			return damagedPKCS7(err)
		}
		body = rest
	}
	content, body, err := cutBER(body)
	if err != nil || content.tag != tagSequence {
		return damagedPKCS7(err)
	}
	if _, message, err := cutBER(content.body); err != nil || len(message) > 0 {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "the PKCS #7 container has a message in it, not only certificates")
	}
	for len(body) > 0 {
		var field element
		if field, body, err = cutBER(body); err != nil {
			return damagedPKCS7(err)
		}
		switch {
		case field.tag == tagSet && len(field.body) > 0:
			return manifest.Errorf(manifest.ReasonMalformedEntry,
				"the PKCS #7 container is a signed message, and its certificates are those of who signed it")
		case field.tag == tagContext0 || field.tag == tagContext1:
			parts, err := split(field.body)
			if err != nil {
				return damagedPKCS7(err)
			}
			if field.tag == tagContext1 {
				p.Lists += len(parts)
			} else {
				p.Elements = append(p.Elements, parts...)
			}
		}
	}
	return nil
}

// split returns the elements that body consists of.
func split(body []byte) (parts [][]byte, err error) {
	for len(body) > 0 {
		var part element
		if part, body, err = cutBER(body); err != nil {
			return nil, err
		}
		parts = append(parts, part.whole)
	}
	return parts, nil
}

func damagedPKCS7(err error) error {
	if err != nil {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "the PKCS #7 container is damaged: %w", err)
	}
	return manifest.Errorf(manifest.ReasonMalformedEntry, "the PKCS #7 container is damaged: it does not have the fields of one")
}
