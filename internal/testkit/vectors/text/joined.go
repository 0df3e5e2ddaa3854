package main

import (
	"encoding/base64"
	"strings"
)

// joinedVectors returns the part of row G1 about files that were joined, and row
// X11 about files that contain certificates and something else.
func joinedVectors() []*vector {
	one := func(m module) string { return strings.TrimSuffix(m.pem(), "\n") }
	passed := func(m module) entry { return device(m.cn, m.cn, "passed-over") }
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	key := labelled("PUBLIC KEY", m0.cert.RawSubjectPublicKeyInfo)
	parameters := labelled("EC PARAMETERS", []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07})
	csr, crl := labelled("CERTIFICATE REQUEST", request()), labelled("X509 CRL", revoked())
	mixed := crl + m0.pem() + csr + key + m1.pem() + parameters + m2.pem() + key
	return append([]*vector{
		list("g01-joined", "N", "files without a line end at their ends, joined with cat", one(m0)+one(m1)+one(m2), m0.byCN().On(1), m1.byCN(),
			m2.byCN()),
		list("g01-joined-some", "N", "some of them have a line end", one(m0)+m1.pem()+one(m2), m0.byCN(), m1.byCN(), m2.byCN()),
		list("g01-joined-crlf", "N", "with line ends of Windows inside", crlf(one(m0)+one(m1)), m0.byCN(), m1.byCN()),
		list("g01-joined-blanks", "N", "blanks between the blocks, and before them", "  "+one(m0)+" "+one(m1)+"\t  "+m2.pem(), m0.byCN(),
			m1.byCN(),
			m2.byCN()),
		list("g01-joined-one-line", "N", "everything in one line, with blanks in the place of line ends",
			strings.ReplaceAll(m0.pem()+m1.pem(), "\n", " "), m0.byCN(), m1.byCN()),
		list("g01-joined-escaped", "N", `everything in one line, with \n written out`, m0.escaped()+m1.escaped()+"\n"+m2.pem(), m0.byCN(),
			m1.byCN(), m2.byCN()),
		list("g01-joined-chain", "N", "leaf and issuer, joined", one(m0)+strings.TrimSpace(pemOf(issuer.Raw))+one(m1), m0.byCN(), m1.byCN()),
		list("g01-joined-behind-text", "N", "text without a line end before a block", m0.pem()+"end of the first file"+m1.pem(), m0.byCN(),
			m1.byCN()),
		list("g01-joined-cut", "F", "the last of the joined files is cut off", one(m0)+one(m1)[:300], m0.byCN(),
			ends("truncated", "middle of a PEM block")),
		list("g01-joined-bad-one", "E", "a damaged block costs no other", one(m0)+strings.Replace(one(m1), "MII", "M!I", 1)+one(m2), m0.byCN(),
			rejected("bad-encoding", "not base64"), m2.byCN()),
		list("g01-joined-key", "F", "a private key among joined files", one(m0)+strings.TrimSpace(secretText)+one(m1),
			ends("private-key", "private key")),
		list("x11-crl-first", "W", "a revocation list before the certificates", crl+m0.pem()+m1.pem(), passed(m0), m1.byCN()),
		list("x11-csr-first", "W", "a request before the certificates", csr+m0.pem(), passed(m0)),
		list("x11-parameters-first", "W", "key parameters before the certificates, as openssl ecparam writes them", parameters+m0.pem(),
			passed(m0)),
		list("x11-public-key-between", "W", "a public key between certificates", m0.pem()+key+m1.pem(), passed(m0), m1.byCN()),
		list("x11-everything-between", "W", "everything that can stand among certificates", mixed, passed(m0), passed(m1), passed(m2)),
		list("x11-request-before-issuer", "W", "a request between a certificate and its issuer", m0.pem()+csr+pemOf(issuer.Raw)+m1.pem(),
			passed(m0), m1.byCN()),
		list("x11-request-behind-bad-entry", "E", "the rejection names what follows the entry", pemOf([]byte("no certificate"))+csr+m0.pem(),
			rejected("bad-certificate", "passed over: a certificate signing request (CSR) on line 4"), m0.byCN()),
		list("x11-many", "W", "a few are named, the others counted", m0.pem()+strings.Repeat(key, 9)+m1.pem(), passed(m0), m1.byCN()),
		list("x11-pkcs7-among-certificates", "N", "a container among certificates",
			m0.pem()+labelled("PKCS7", pkcs7(m1.cert.Raw))+m2.pem(), m0.byCN(), m1.byCN(), m2.byCN()),
		list("x11-csr-only", "F", "requests and no certificate", csr+key, ends("unsupported-format", "signing request (CSR)")),
	}, derVectors()...)
}

// derVectors returns the parts of rows G1 and X11 about certificates in DER.
func derVectors() []*vector {
	der := func(parts ...[]byte) string {
		var all []byte
		for _, part := range parts {
			all = append(all, part...)
		}
		return string(all)
	}
	whole := der(m0.cert.Raw, m1.cert.Raw, m2.cert.Raw)
	v1 := version1(7)
	return []*vector{
		list("x11-der-certificate", "N", "one certificate in DER", der(m0.cert.Raw), m0.byCN()),
		list("g01-der-several", "N", "several certificates in DER, one after the other", whole, m0.byCN(), m1.byCN(), m2.byCN()),
		list("g01-der-chain", "N", "leaf and issuer in DER", der(m0.cert.Raw, issuer.Raw, m1.cert.Raw), m0.byCN(), m1.byCN()),
		list("g01-der-cut", "F", "the last certificate is cut off", whole[:len(whole)-1], m0.byCN(), m1.byCN(),
			ends("truncated", "middle of a certificate")),
		list("g01-der-and-text", "F", "something else follows", whole+"more", m0.byCN(), m1.byCN(), m2.byCN(), ends("trailing-data", "follows")),
		list("g01-der-line-ends", "N", "line ends between and after certificates in DER",
			der(m0.cert.Raw, []byte("\r\n"), m1.cert.Raw, []byte("\n")), m0.byCN(), m1.byCN()),
		list("g01-der-zeros", "F", "zeros behind a certificate, as in an image of a memory", der(m0.cert.Raw, make([]byte, 16)), m0.byCN(),
			ends("trailing-data", "follows")),
		list("g01-der-bad-one", "E", "a damaged certificate costs no other", der(m0.cert.Raw, curve(secp256k1, 32), m1.cert.Raw), m0.byCN(),
			rejected("unsupported-key", "elliptic curve"), m1.byCN()),
		list("g01-der-key", "F", "a private key behind a certificate", der(m0.cert.Raw, secretDER()), m0.byCN(),
			ends("private-key", "private key")),
		list("g01-der-request", "W", "a request and a revocation list between certificates", der(m0.cert.Raw, request(), revoked(), m1.cert.Raw),
			device(m0.cn, m0.cn, "passed-over"), m1.byCN()),
		list("g01-version-1", "N", "a certificate of version 1, which openssl x509 -req made for years, in base64",
			base64.StdEncoding.EncodeToString(v1)+"\n"+m1.der64()+"\n", m0.byCN(), m1.byCN()),
		list("g01-version-1-der", "N", "the same in DER", der(v1, version1(1), m1.cert.Raw), m0.byCN(), m0.byCN(), m1.byCN()),
		list("g01-version-1-wrapped", "N", "the same in base64 of 64 columns", wrap(base64.StdEncoding.EncodeToString(v1), 64)+m1.pem(),
			m0.byCN(),
			m1.byCN()),
	}
}
