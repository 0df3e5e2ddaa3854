package main

import (
	"crypto/x509"
	"crypto/x509/pkix"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// selfSigned returns a device's certificate as openssl req -x509 makes it: it says
// CA:TRUE and is signed with its own key.
func selfSigned(m module, year int) []byte {
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{Organization: []string{"Thingpress Test"}, CommonName: m.cn}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: date(year), NotAfter: date(2053), SubjectKeyId: materialtest.Bytes(m.cn, 20),
	}, nil, &m.key.PublicKey, m.key).Raw
}

func allowCA(v *vector) *vector { return v.with(func(o *options) { o.AllowCA = true }) }

func saysCA(m module) entry { return device(m.cn, m.cn, "ca-certificate") }

// allowedVectors returns the part of row X4 about devices that say CA:TRUE, where
// this is allowed.
func allowedVectors() []*vector {
	changed := func(change func(*x509.Certificate)) []byte { return leaf(m0.cn, m0.key, change).Raw }
	basic := changed(func(t *x509.Certificate) { t.IsCA = true })
	usage := changed(func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageCertSign; t.BasicConstraintsValid = false })
	own, authority := pemOf(selfSigned(m0, 2025)), pemOf(issuer.Raw)
	issued := rejected("ca-certificate", "issued another entry")
	all := []*vector{
		one("x04-ca-allowed", "W", "basic constraints say CA, which is allowed", basic, saysCA(m0)),
		one("x04-may-sign-allowed", "W", "the key may sign certificates, which is allowed", usage, saysCA(m0)),
		one("x04-self-signed-allowed", "W", "what openssl req -x509 makes", selfSigned(m0, 2025), saysCA(m0)),
		list("x04-allowed-issuer-first", "E", "the authority of another entry stands before it", authority+m0.pem()+m1.pem(), issued, m0.byCN(),
			m1.byCN()),
		list("x04-allowed-issuer-last", "E", "the authority of another entry stands far behind it", m1.pem()+own+authority, m1.byCN(), saysCA(m0),
			issued),
		list("x04-allowed-chain", "N", "an issuer behind its device belongs to the device, as ever", m0.pem()+authority+m1.pem(), m0.byCN(),
			m1.byCN()),
		list("x04-allowed-other-authority", "W", "an authority that issued nothing in the file cannot be told from a device",
			m0.pem()+pemOf(named("other-authority")), m0.byCN(), device("other-authority", "other-authority", "ca-certificate")),
		list("x04-allowed-twice", "W", "a repetition is an entry of its own, not the issuer of the first", own+own, saysCA(m0), saysCA(m0)),
		list("x04-allowed-renewed", "W", "nor is the certificate that renewed it", own+pemOf(selfSigned(m0, 2026)), saysCA(m0), saysCA(m0)),
		list("x04-renewed", "E", "the same where it is not allowed", own+pemOf(selfSigned(m0, 2026)), rejected("ca-certificate", "authority"),
			rejected("ca-certificate", "authority")),
	}
	for _, v := range all[:len(all)-1] {
		allowCA(v)
	}
	return all
}

// allowedRecords returns the same for records.
func allowedRecords() []*vector {
	cell := func(m module, der []byte) string { return m.rowWith("\"" + pemOf(der) + "\"") }
	return []*vector{
		allowCA(csv("x04-self-signed-allowed", "W", "what openssl req -x509 makes", header+cell(m0, selfSigned(m0, 2025))+m1.row(),
			device(m0.mac, m0.cn, "ca-certificate"), m1.byMAC())),
		allowCA(csv("x04-allowed-issuer", "E", "the authority of the other records",
			"cert\r\n"+"\""+pemOf(issuer.Raw)+"\"\r\n\""+m1.pem()+"\"\r\n",
			rejected("ca-certificate", "issued another entry"), m1.byCN())),
		csv("x04-self-signed", "E", "a renewed certificate is not the issuer of the one before", header+
			m0.rowWith("\""+pemOf(selfSigned(m0, 2025))+pemOf(selfSigned(m0, 2026))+"\"")+m1.row(),
			rejected("several-certificates", "number 2"), m1.byMAC()),
	}
}

// named returns an authority's certificate with a name that can be a thing's.
func named(name string) []byte { return materialtest.Authority(name, nil, otherKey, otherKey, 1).Raw }
