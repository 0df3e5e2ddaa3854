package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// authorityVectors returns the parts of rows M19 and X1 about certificates of
// authorities that are accepted on request, and about keys that cost more than an
// ordinary one.
func authorityVectors() []*vector {
	c := chip(0)
	name := "sn" + strings.ToUpper(c.UniqueID)
	allowed := func(v *vector) *vector { return v.with(func(o *options) { o.AllowCA = true }) }
	says := func(parent *x509.Certificate, by *ecdsa.PrivateKey) *x509.Certificate {
		template := materialtest.LeafTemplate(name, c.Key, "000000000000")
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		return materialtest.Certificate(template, parent, &c.Key.PublicKey, by)
	}
	issuerAsDevice := withKeys(material.JWK("0", &reel.IssuerKey.PublicKey).And("x5c", materialtest.X5C(reel.Issuer, reel.Root)))
	return []*vector{
		allowed(warned("m19-leaf-is-ca-allowed", "a device's certificate that says CA:TRUE, accepted on request",
			withChain(says(reel.Issuer, reel.IssuerKey), reel.Issuer), "ca-certificate")),
		allowed(warned("m19-self-signed-allowed", "a chip's self-signed certificate, which nothing but the signature of the entry vouches for",
			withChain(says(nil, c.Key)), "no-issuer", "ca-certificate")),
		bad("m19-self-signed", "ca-certificate", "certification authority", "the same without the option", withChain(says(nil, c.Key))),
		allowed(bad("m19-issuer-as-device-allowed", "ca-certificate", "it issued another entry",
			"the option does not accept the authority that issued another chip's certificate", issuerAsDevice)),
		allowed(fine("m19-chain-allowed", "the option has no effect on issuers in a chain", withChain(c.Leaf, reel.Issuer, reel.Root))),
		bad("x01-issuer-rsa-65536", "unsupported-key", "65536 bits", "a key of 65,536 bits in the issuer: nothing is verified with it",
			withChain(c.Leaf, longIssuer(65536))),
		bad("x01-issuer-rsa-8200", "unsupported-key", "8200 bits", "the shortest key that is too long", withChain(c.Leaf, longIssuer(8200))),
		bad("x01-root-rsa-65536", "unsupported-key", "65536 bits", "such a key in the certificate after the issuer",
			withChain(c.Leaf, reel.Issuer, longIssuer(65536))),
	}
}

// longIssuer returns a certificate with the issuer's name and a long RSA key.
func longIssuer(bits int) *x509.Certificate {
	key := material.UnfactoredRSA(materialtest.Bytes("vectors long issuer", bits/8))
	return materialtest.Certificate(&x509.Certificate{
		Subject: reel.Issuer.Subject, BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
		SubjectKeyId: materialtest.Bytes("vectors long issuer", 20),
	}, reel.Root, key, materialtest.Key("vectors root"))
}
