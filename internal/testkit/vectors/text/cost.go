package main

import (
	"crypto/x509"
	"strings"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// costVectors returns the part of row X1 about keys and chains that would take long to verify.
func costVectors() []*vector {
	bad := func(name, note string, der []byte, detail string) *vector {
		return one(name, "E", note, der, rejected("unsupported-key", detail))
	}
	return []*vector{
		one("x01-rsa-8192", "N", "the longest key that is taken", withKey("8192", rsaKey(8192, 65537)), m0.byCN()),
		bad("x01-rsa-8200", "a longer key, whose signatures take longer to verify than those of ordinary keys",
			withKey("8200", rsaKey(8200, 65537)),
			"8200 bits"),
		bad("x01-rsa-65536", "a key that costs seconds", withKey("65536", rsaKey(65536, 65537)), "65536 bits"),
		bad("x01-rsa-exponent-2-31", "an exponent that costs more than ordinary ones", withKey("e31", rsaKey(2048, 1<<31+1)),
			"it must be positive and below 2^31"),
		bad("x01-rsa-exponent-2-2047", "an exponent as long as the modulus", longExponent(), "public exponent"),
		bad("x01-explicit-curve", "the parameters of a curve in the place of its name", explicitCurve(), "ECDSA parameters"),
		list("x01-issuer-rsa-65536", "E", "such a key in an issuer: nothing is verified with it", m0.pem()+pemOf(longIssuer())+m1.pem(),
			m0.byCN(),
			rejected("unsupported-key", "65536 bits"), m1.byCN()),
		list("x01-chain-of-nine", "E", "an entry has at most eight certificates", chainOfNine()+m1.pem(), m0.byCN(),
			rejected("ca-certificate", "certification authority"), m1.byCN()),
	}
}

// costlyRecords returns the same for records.
func costlyRecords() []*vector {
	return []*vector{
		csv("x01-issuer-rsa-65536", "E", "a key of 65,536 bits in the issuer of a record",
			header+m0.rowWith("\""+m0.pem()+pemOf(longIssuer())+"\"")+m1.row(), rejected("unsupported-key", "65536 bits"), m1.byMAC()),
		csv("x01-chain-of-nine", "E", "a certificate and eight issuers in a record", header+m0.rowWith("\""+chainOfNine()+"\"")+m1.row(),
			rejected("several-certificates", "9 certificates"), m1.byMAC()),
	}
}

// longIssuer returns the issuer's certificate with a key of 65,536 bits.
func longIssuer() []byte {
	return materialtest.Certificate(&x509.Certificate{
		Subject: issuer.Subject, BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
		SubjectKeyId: materialtest.Bytes("long", 20),
	}, issuer, rsaKey(65536, 65537), issuerKey).Raw
}

func chainOfNine() string { return m0.pem() + strings.Repeat(pemOf(issuer.Raw), 8) }
