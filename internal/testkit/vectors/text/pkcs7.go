package main

import (
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"strings"
)

// pkcs7Vectors returns row X14: containers of certificates.
func pkcs7Vectors() []*vector {
	ab, crl := pkcs7(m0.cert.Raw, m1.cert.Raw), element(0xa1, revoked())
	whole := labelled("PKCS7", ab)
	lines := strings.SplitAfter(whole, "\n")
	signer := element(0x31, element(0x30, marshal(1)))
	enveloped := element(0x30, slices.Concat(marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}),
		element(0xa0, element(0x30, marshal(0)))))
	return []*vector{
		list("x14-pkcs7", "N", "PKCS #7 with certificates, in PEM", whole, m0.byCN().On(1), m1.byCN().On(1)),
		list("x14-pkcs7-der", "N", "the same in DER", string(ab), m0.byCN(), m1.byCN()),
		list("x14-pkcs7-ber", "N", "indefinite lengths, as Java and Windows write them", string(berPKCS7(m0.cert.Raw, m1.cert.Raw)), m0.byCN(),
			m1.byCN()),
		list("x14-pkcs7-ber-pem", "N", "the same in PEM", labelled("CMS", berPKCS7(m0.cert.Raw, m1.cert.Raw)), m0.byCN(), m1.byCN()),
		list("x14-pkcs7-label", "N", "Windows labels the container CERTIFICATE", labelled("CERTIFICATE", ab), m0.byCN(), m1.byCN()),
		list("x14-pkcs7-base64", "N", "base64 without armour, as EST servers answer", wrap(base64.StdEncoding.EncodeToString(ab), 76), m0.byCN(),
			m1.byCN()),
		list("x14-pkcs7-crlf", "N", "line ends of Windows", strings.ReplaceAll(whole, "\n", "\r\n"), m0.byCN(), m1.byCN()),
		list("x14-pkcs7-several", "N", "containers and certificates in DER, one after the other",
			string(slices.Concat(pkcs7(m0.cert.Raw), m1.cert.Raw, pkcs7(m2.cert.Raw))), m0.byCN(), m1.byCN(), m2.byCN()),
		list("x14-pkcs7-authority-first", "N", "the certificates are a set: an authority that issued another one may stand anywhere",
			string(pkcs7(issuer.Raw, m0.cert.Raw, m1.cert.Raw)), m0.byCN(), m1.byCN()),
		list("x14-pkcs7-authority-only", "E", "an authority that issued nothing in it is an entry", string(pkcs7(issuer.Raw)),
			rejected("ca-certificate", "certification authority")),
		list("x14-pkcs7-other-authority", "E", "the same among devices", string(pkcs7(m0.cert.Raw, otherCA.Raw)), m0.byCN(),
			rejected("ca-certificate", "certification authority")),
		list("x14-pkcs7-crl", "W", "a revocation list next to certificates", string(pkcs7Of(slices.Concat(element(0xa0, m0.cert.Raw), crl))),
			device(m0.cn, m0.cn, "passed-over")),
		list("x14-pkcs7-crl-only", "F", "a revocation list and no certificate", string(pkcs7Of(crl)),
			ends("unsupported-format", "revocation list (CRL)")),
		list("x14-pkcs7-empty", "F", "no certificates", labelled("PKCS7", pkcs7()), ends("unsupported-format", "without certificates")),
		list("x14-pkcs7-bad-one", "E", "a damaged certificate costs no other",
			string(pkcs7(m0.cert.Raw, element(0x30, []byte{2, 1, 0}), m1.cert.Raw)),
			m0.byCN(), rejected("bad-certificate", "parse certificate"), m1.byCN()),
		list("x14-pkcs7-signed", "E", "a signed message has certificates of who signed it",
			string(pkcs7With(element(0x30, marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})), element(0xa0, m0.cert.Raw), signer)),
			rejected("malformed-entry", "signed message")),
		list("x14-pkcs7-message", "E", "content without signatures", string(pkcs7With(
			element(0x30, slices.Concat(marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}), element(0xa0, element(4, []byte("text"))))),
			element(0xa0, m0.cert.Raw), element(0x31, nil))), rejected("malformed-entry", "message in it")),
		list("x14-pkcs7-encrypted", "E", "enveloped data", labelled("PKCS7", enveloped)+m0.pem(), rejected("no-certificate", "encrypted"),
			m0.byCN()),
		list("x14-pkcs7-damaged", "E", "an element that is longer than the container",
			m1.pem()+labelled("PKCS7", slices.Concat(ab[:len(ab)-3], []byte{0x31, 0x7f, 0}))+m0.pem(),
			m1.byCN(), rejected("malformed-entry", "damaged"), m0.byCN()),
		list("x14-pkcs7-nested", "F", "indefinite lengths without end", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"+
			strings.Repeat("\xa0\x80", 5000), ends("truncated", "middle of a PKCS #7 container")),
		list("x14-pkcs7-cut", "F", "the file ends in the middle", strings.Join(lines[:len(lines)/2], ""),
			ends("truncated", "middle of a PEM block")),
		list("x14-pkcs7-der-cut", "F", "the same in DER", string(ab[:len(ab)/2]), ends("truncated", "middle of a PKCS #7 container")),
		list("x14-pkcs7-key", "F", "a private key next to the container", whole+secretText, ends("private-key", "private key")),
	}
}

// pkcs7 returns a degenerate SignedData (RFC 5652, 5.1) with certificates.
func pkcs7(certificates ...[]byte) []byte {
	if len(certificates) == 0 {
		return pkcs7Of(nil)
	}
	return pkcs7Of(element(0xa0, slices.Concat(certificates...)))
}

// pkcs7Of returns a degenerate SignedData with fields between the content and the signers.
func pkcs7Of(fields []byte) []byte {
	return pkcs7With(element(0x30, marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})), fields, element(0x31, nil))
}

func pkcs7With(content, fields, signers []byte) []byte {
	body := slices.Concat(marshal(1), element(0x31, nil), content, fields, signers)
	return element(0x30, slices.Concat(marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), element(0xa0, element(0x30, body))))
}

// berPKCS7 is like pkcs7 with indefinite lengths.
func berPKCS7(certificates ...[]byte) []byte {
	ber := func(tag byte, parts ...[]byte) []byte {
		return slices.Concat([]byte{tag, 0x80}, slices.Concat(parts...), []byte{0, 0})
	}
	content := ber(0x30, marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}))
	signed := ber(0x30, marshal(1), element(0x31, nil), content, ber(0xa0, certificates...), element(0x31, nil))
	return ber(0x30, marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), ber(0xa0, signed))
}
