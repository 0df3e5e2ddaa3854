package main

import (
	"encoding/asn1"
	"encoding/base64"
	"strings"
)

// list returns a new vector of a generated list.
func list(name, outcome, note, text string, expect ...any) *vector {
	return vec("generated", name, outcome, note, []byte(text), expect...)
}

// lineVectors returns rows G1 to G5 for lines.
func lineVectors() []*vector {
	url := base64.RawURLEncoding.EncodeToString(m0.cert.Raw)
	chain := base64.StdEncoding.EncodeToString([]byte(m0.pem() + pemOf(issuer.Raw)))
	two := base64.StdEncoding.EncodeToString([]byte(m0.pem() + m1.pem()))
	issuer64 := base64.StdEncoding.EncodeToString(issuer.Raw)
	other64 := base64.StdEncoding.EncodeToString(otherCA.Raw)
	jsonl := `{"certificate":"` + m0.der64() + `","thingName":"` + m0.cn + `","attributes":{}}` + "\n"
	wrapped := wrap(m0.der64(), 76) + wrap(m1.der64(), 76)
	return []*vector{
		list("g01-der", "N", "base64 of DER", m0.der64()+"\n"+m1.der64()+"\n", m0.byCN().On(1), m1.byCN().On(2)),
		list("g01-pem-base64", "N", "base64 of PEM", m0.pem64()+"\n"+m1.pem64()+"\n", m0.byCN(), m1.byCN()),
		list("g01-base64url", "N", "the alphabet of URLs, no padding", url+"\n"+m1.der64()+"\n", m0.byCN(), m1.byCN()),
		list("g01-chain", "N", "the issuer is in the same line", chain+"\n"+m1.pem64()+"\n", m0.byCN(), m1.byCN()),
		list("g01-issuer-next-line", "N", "the issuer is on the next line and belongs to the entry before",
			m0.der64()+"\n"+issuer64+"\n"+m1.der64()+"\n", m0.byCN().On(1), m1.byCN().On(3)),
		list("g01-other-issuer-next-line", "E", "an authority that issued nothing before it is an entry of its own",
			m0.der64()+"\n"+other64+"\n"+m1.der64()+"\n", m0.byCN(), rejected("ca-certificate", "certification authority"), m1.byCN()),
		list("g01-two-devices", "E", "two devices in one line", two+"\n"+m2.der64()+"\n", rejected("several-certificates", "2 certificates"),
			m2.byCN()),
		list("g01-wrapped-der", "N", "base64 of DER, wrapped at 76", wrapped, m0.byCN().On(1), m1.byCN()),
		list("g01-wrapped-pem", "N", "base64 of PEM, wrapped at 64", wrap(m0.pem64(), 64)+wrap(m1.pem64(), 64), m0.byCN(), m1.byCN()),
		list("g01-wrapped-one-cut", "E", "an entry of wrapped base64 lost its last lines; the next one begins where it begins",
			wrap(m0.der64(), 76)[:77*4]+wrap(m1.der64(), 76), rejected("bad-certificate", "parse certificate"), m1.byCN()),
		list("g01-escaped-pem", "N", `PEM with \n in one line each`, m0.escaped()+"\n"+m1.escaped()+"\n", m0.byCN().On(1), m1.byCN().On(2)),
		list("g02-array", "N", "the elements of an array, without its brackets", "\""+m0.pem64()+"\",\n  '"+m1.der64()+"',\n"+m2.der64()+";\n",
			m0.byCN(), m1.byCN(), m2.byCN()),
		list("g02-python", "N", "bytes literals, as the Python Thingpress leaked them", "b'"+m0.pem64()+"'\nb\""+m1.der64()+"\"\n", m0.byCN(),
			m1.byCN()),
		list("g03-crlf", "N", "line ends of Windows", m0.der64()+"\r\n"+m1.der64()+"\r\n", m0.byCN().On(1), m1.byCN().On(2)),
		list("g03-cr", "N", "line ends of old", m0.der64()+"\r"+m1.der64()+"\r", m0.byCN().On(1), m1.byCN().On(2)),
		list("g03-blank-and-comment-lines", "N", "none of them is an entry", "# made by hand\n\n"+m0.der64()+"\n   \n# more\n"+m1.der64()+"\n\n",
			m0.byCN().On(3), m1.byCN().On(6)),
		list("g03-no-final-newline", "N", "the last line has no end", m0.der64()+"\n"+m1.der64(), m0.byCN(), m1.byCN()),
		list("g03-byte-order-mark", "N", "as Windows' Notepad saves UTF-8", "\ufeff"+m0.der64()+"\r\n", m0.byCN()),
		list("g03-utf16", "N", "as PowerShell's redirection saves text", mustUTF16(m0.der64()+"\r\n"+m1.der64()+"\r\n"), m0.byCN(), m1.byCN()),
		list("g03-long-line", "F", "a line beyond the limit of one entry", m0.der64()+"\n"+strings.Repeat("A", 5000)+"\n"+m1.der64()+"\n",
			m0.byCN(), ends("limit-exceeded", "longer than 4096 bytes")).with(limit(4096, 0)),
		list("g03-entries", "F", "more entries than the limit", m0.der64()+"\n"+m1.der64()+"\n"+m2.der64()+"\n", m0.byCN(), m1.byCN(),
			ends("limit-exceeded", "more than 2 entries")).with(limit(0, 2)),
		list("g04-bad-line", "E", "one bad line costs no other", m0.der64()+"\nnot base64!\n"+m1.der64()+"\n", m0.byCN(),
			rejected("bad-encoding", "not base64"), m1.byCN()),
		list("g04-bad-first-line", "E", "nor does the first", "not base64!\n"+m0.der64()+"\n", rejected("bad-encoding", "not base64"), m0.byCN()),
		list("g04-cut-line", "E", "a line that lost its end", m0.der64()[:400]+"\n"+m1.der64()+"\n",
			rejected("bad-certificate", "parse certificate"), m1.byCN()),
		list("g04-cut-file", "F", "the last line lost its end, and the file its last line end", m0.der64()+"\n"+m1.der64()[:400], m0.byCN(),
			ends("truncated", "middle of an entry")),
		list("g04-private-key-line", "F", "base64 of a private key in PEM",
			m0.der64()+"\n"+base64.StdEncoding.EncodeToString([]byte(secretText))+"\n", ends("private-key", "private key")),
		list("g04-private-key-der-line", "F", "base64 of a private key in DER",
			m0.der64()+"\n"+base64.StdEncoding.EncodeToString(secretDER())+"\n", m0.byCN(), ends("private-key", "private key")),
		list("g05-jsonl", "F", "JSON Lines whose certificates are not in PEM are refused by name",
			jsonl+jsonl, ends("unsupported-format", "JSON Lines")),
		list("g05-json", "F", "one object whose certificate is not in PEM", jsonl, ends("unsupported-format", "a JSON object")),
		list("g05-json-array", "F", "a list of objects whose certificates are not in PEM", "[\n  "+jsonl+"]\n",
			ends("unsupported-format", "a JSON array")),
		list("g08-no-pem", "F", "the answer of Azure's DPS about an enrollment, which has no certificate",
			`{"x509":{"clientCertificates":{"primary":{"certificate":null,"info":{"subjectName":"CN=`+m0.cn+`"}}}}}`+"\n", ends("unsupported-format",
				"a JSON object")),
	}
}

// blockVectors returns row G1 for PEM files, and the parts of X4, X10 and X13 about whole files.
func blockVectors() []*vector {
	bag := "Bag Attributes\n    friendlyName: device\nsubject=/CN=" + m0.cn + "\n"
	noEnd := strings.Replace(m0.pem(), "-----END CERTIFICATE-----\n", "", 1)
	noBegin := strings.Replace(m0.pem(), "-----BEGIN CERTIFICATE-----\n", "", 1)
	damaged := strings.Split(m0.pem(), "\n")
	return []*vector{
		list("g01-blocks", "N", "many PEM blocks", m0.pem()+m1.pem()+m2.pem(), m0.byCN().On(1), m1.byCN().On(13), m2.byCN()),
		list("g01-blocks-with-text", "N", "text between blocks is no entry (RFC 7468)", bag+m0.pem()+bag+m1.pem(), m0.byCN().On(4), m1.byCN()),
		list("g01-blocks-crlf", "N", "line ends of Windows", strings.ReplaceAll(m0.pem()+m1.pem(), "\n", "\r\n"), m0.byCN(), m1.byCN()),
		list("g01-blocks-and-lines", "N", "a base64 line in a PEM file is an entry as well", m0.pem()+m1.der64()+"\n"+m2.pem(), m0.byCN(),
			m1.byCN(), m2.byCN()),
		list("g01-blocks-label", "N", "an old label of the same", labelled("X509 CERTIFICATE", m0.cert.Raw)+m1.pem(), m0.byCN(), m1.byCN()),
		list("g01-chain-blocks", "N", "leaf and issuer, leaf and issuer", m0.pem()+pemOf(issuer.Raw)+m1.pem()+pemOf(issuer.Raw), m0.byCN(),
			m1.byCN()),
		list("g04-block-without-end", "E", "a block that lost its last line", noEnd+m1.pem(), rejected("bad-encoding", "another begins in it"),
			m1.byCN()),
		list("g04-block-without-begin", "N", "a block that lost its first line is base64 of DER that is wrapped", m1.pem()+noBegin, m1.byCN(),
			m0.byCN()),
		list("g04-block-without-head", "E", "a block that lost its first two lines", m1.pem()+strings.Join(damaged[2:], "\n")+m2.pem(), m1.byCN(),
			rejected("bad-encoding", "does not begin"), m2.byCN()),
		list("g04-cut-block", "F", "the file ends inside a block", m0.pem()+m1.pem()[:300], m0.byCN(),
			ends("truncated", "middle of a PEM block")),
		list("x04-issuer-first", "E", "an authority before the leaf issued nothing before it", pemOf(issuer.Raw)+m0.pem(),
			rejected("ca-certificate", "certification authority"), m0.byCN()),
		list("x10-trusted-certificate", "E", "OpenSSL's own form, with trust settings",
			labelled("TRUSTED CERTIFICATE", append(append([]byte(nil), m0.cert.Raw...), 0x30, 0))+m1.pem(), rejected("bad-certificate",
				"TRUSTED CERTIFICATE"), m1.byCN()),
		list("x10-headers", "E", "header lines", strings.Replace(m0.pem(), "-----\n", "-----\nProc-Type: 4,CLEAR\n\n", 1)+m1.pem(),
			rejected("bad-encoding", "header lines"), m1.byCN()),
		list("x10-labels-differ", "E", "BEGIN and END differ", strings.Replace(m0.pem(), "END CERTIFICATE", "END X509 CRL", 1)+m1.pem(),
			rejected("bad-encoding", "ends as something else"), m1.byCN()),
		list("x11-request-among-certificates", "W", "a request among certificates costs no other",
			m0.pem()+labelled("CERTIFICATE REQUEST", request())+m2.pem(), device(m0.cn, m0.cn, "passed-over"), m2.byCN()),
		list("x13-private-key", "F", "a private key beside the certificate costs the whole file", m0.pem()+secretText+m1.pem(),
			ends("private-key", "private key")),
		list("x13-encrypted-private-key", "F", "also when it is encrypted",
			m0.pem()+labelled("ENCRYPTED PRIVATE KEY", []byte("ciphertext"))+m1.pem(), ends("private-key", "private key")),
		list("x13-rsa-private-key", "F", "also in the old form", m0.pem()+labelled("RSA PRIVATE KEY", []byte("key"))+m1.pem(),
			ends("private-key", "private key")),
		list("x13-openssh-private-key", "F", "also OpenSSH's (row X11 asks to name it; a private key is the graver matter)",
			labelled("OPENSSH PRIVATE KEY", []byte("openssh-key-v1"))+m1.pem(), ends("private-key", "private key")),
	}
}

// foreignVectors returns rows X11 and X15: files of another kind.
func foreignVectors() []*vector {
	jks := "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x00"
	refused := func(name, note, text, detail string) *vector {
		return list(name, "F", note, text, ends("unsupported-format", detail))
	}
	return []*vector{
		refused("x11-csr", "a request in PEM", labelled("CERTIFICATE REQUEST", request()), "signing request (CSR)"),
		refused("x11-csr-der", "a request in DER", string(request()), "signing request (CSR)"),
		refused("x11-crl", "a revocation list in PEM", labelled("X509 CRL", revoked()), "revocation list (CRL)"),
		refused("x11-crl-der", "a revocation list in DER", string(revoked()), "revocation list (CRL)"),
		refused("x11-pkcs12", "PKCS #12", string(pkcs12()), "PKCS #12"),
		refused("x11-jks", "Java's key store", jks, "Java key store"),
		refused("x11-openssh-public-key", "OpenSSH's public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk1 device\n", "OpenSSH public key"),
		refused("x11-public-key", "a public key in PEM", labelled("PUBLIC KEY", m0.cert.RawSubjectPublicKeyInfo), "a public key"),
		refused("x15-zip", "a ZIP archive is not opened, whatever is in it",
			"PK\x03\x04\x14\x00\x00\x00\x00\x00"+strings.Repeat("\x00", 16)+"\x0c\x00\x00\x00../evil.pem", "ZIP archive"),
		refused("x15-zip-empty", "an empty one", "PK\x05\x06"+strings.Repeat("\x00", 18), "ZIP archive"),
		refused("x15-gzip", "compressed", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", "gunzip"),
		refused("x15-html", "a portal's page in the place of the download (I2)",
			"<!DOCTYPE html>\n<html><body>Your session has expired.</body></html>\n", "a page in HTML"),
	}
}

// pkcs12 returns an empty PFX (RFC 7292, 4).
func pkcs12() []byte {
	data := marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
	return element(0x30, append(marshal(3), element(0x30, append(data, element(0xa0, element(0x04, nil))...))...))
}

func marshal(value any) []byte {
	der, err := asn1.Marshal(value)
	must(err)
	return der
}

func element(tag byte, body []byte) []byte {
	der, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: body})
	must(err)
	return der
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
