package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// certificateVectors returns rows M17 to M19 and Microchip's part of section 7.4.
func certificateVectors() []*vector {
	c, other := chip(0), chip(2)
	name := "sn" + strings.ToUpper(c.UniqueID)
	mac := materialtest.Certificate(materialtest.LeafTemplate(name, c.Key, "e8eb1b200d0a"), reel.Issuer, &c.Key.PublicKey, reel.IssuerKey)
	selfMadeCA := leaf(name, func(t *x509.Certificate) {
		t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign
	})
	notCA := materialtest.SignerCertificate("Not An Authority", customKey)
	expired := leaf(name, func(t *x509.Certificate) {
		t.NotBefore, t.NotAfter = date(2019), date(2020)
	})
	garbled := deviceKey(0).Without("x5c").And("x5c",
		[]string{base64.StdEncoding.EncodeToString([]byte("not a certificate")), materialtest.X5C(reel.Issuer)[0]})
	trailing := deviceKey(0).Without("x5c").
		And("x5c", []string{base64.StdEncoding.EncodeToString(append(append([]byte(nil), c.Leaf.Raw...), 0)), materialtest.X5C(reel.Issuer)[0]})
	macVector := fine("m20-mac", "a MAC address in the certificate is an attribute of the device", withChain(mac, reel.Issuer))
	macVector.Entries[0].MAC = "E8EB1B200D0A"
	return []*vector{
		bad("m17-other-key", "key-mismatch", "another key", "the entry's key is not the certificate's",
			withKeys(material.JWK("0", &other.Key.PublicKey).And("x5c", materialtest.X5C(c.Leaf, reel.Issuer)))),
		bad("m17-swapped-coordinates", "key-mismatch", "another key", "x and y are exchanged",
			withKeys(deviceKey(0).With("x", deviceKey(0).Text("y")).With("y", deviceKey(0).Text("x")))),
		bad("m17-other-curve", "key-mismatch", "another key", "the entry's key names another curve", withKeys(deviceKey(0).With("crv", "P-384"))),
		bad("m17-no-coordinates", "key-mismatch", "another key", "the entry's key has no x and y",
			withKeys(deviceKey(0).Without("x").Without("y"))),
		bad("m18-reversed", "bad-chain", "out of order", "the issuer comes first", withChain(reel.Issuer, c.Leaf)),
		bad("m18-other-issuer", "bad-chain", "not signed by", "the certificate that follows did not issue the first", withChain(c.Leaf, custom)),
		bad("m18-same-name-issuer", "bad-chain", "not signed by", "the certificate that follows has the issuer's name and another key",
			withChain(c.Leaf, materialtest.Authority(reel.Issuer.Subject.CommonName, reel.Root, customKey, materialtest.Key("vectors root"), 0))),
		bad("m18-issuer-not-ca", "bad-chain", "not signed by", "the certificate that follows may not issue any",
			withChain(issuedByNoCA(notCA), notCA)),
		bad("m18-broken-second-link", "bad-chain", "not signed by", "the issuer is not signed by the certificate behind it",
			withChain(c.Leaf, reel.Issuer, custom)),
		fine("m18-with-root", "the chain goes on to the root", withChain(c.Leaf, reel.Issuer, reel.Root)),
		warned("m18-no-issuer", "nothing follows the certificate: the signature of the entry vouches for it", withChain(c.Leaf), "no-issuer"),
		bad("m18-long-chain", "malformed-entry", "x5c has 9", "more certificates than anybody needs",
			withChain(append([]*x509.Certificate{c.Leaf}, repeat(reel.Issuer, 8)...)...)),
		bad("m19-issuer-as-device", "ca-certificate", "certification authority", "the issuer's certificate for the issuer's key, as a device",
			withKeys(material.JWK("0", &reel.IssuerKey.PublicKey).And("x5c", materialtest.X5C(reel.Issuer, reel.Root)))),
		bad("m19-leaf-is-ca", "ca-certificate", "certification authority", "the device's certificate may issue others",
			withChain(selfMadeCA, reel.Issuer)),
		macVector,
		bad("m27-not-a-certificate", "bad-certificate", "parse certificate", "x5c holds base64 of something else", withKeys(garbled)),
		bad("m27-trailing-byte", "bad-certificate", "trailing", "a byte follows the certificate", withKeys(trailing)),
		bad("x01-p224", "unsupported-key", "P-224", "a curve that AWS IoT does not take", withKeys(onCurve(elliptic.P224(), name))),
		fine("x01-p384", "a curve that AWS IoT takes", withKeys(onCurve(elliptic.P384(), name))),
		bad("x01-ed25519", "unsupported-key", `"OKP"`, "a type of key that AWS IoT does not take", withKeys(onEdwards(name))),
		bad("x03-expired", "expired", "expired on 2020-01-01", "the certificate's validity has ended", withChain(expired, reel.Issuer)),
		warned("x03-expired-allowed", "the same, taken on request", withChain(expired, reel.Issuer), "expired").
			with(func(o *options) { o.AllowExpired = true }),
		warned("x03-not-yet-valid", "the certificate is not valid yet",
			withChain(leaf(name, func(t *x509.Certificate) { t.NotBefore = date(2052) }), reel.Issuer), "not-yet-valid"),
		bad("x03-ends-before-it-begins", "bad-validity", "before it begins", "the validity is empty",
			withChain(leaf(name, func(t *x509.Certificate) {
				t.NotBefore, t.NotAfter = date(2030), date(2029)
			}), reel.Issuer)),
		warned("x04-outlives-issuer", "the certificate is valid for longer than its issuer, as in real Trust&GO parts",
			withChain(leaf(name, func(t *x509.Certificate) { t.NotAfter = date(2060) }), reel.Issuer), "outlives-issuer"),
		warned("x05-server-only", "the certificate is for servers", withChain(leaf(name, func(t *x509.Certificate) {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), reel.Issuer), "no-client-auth"),
	}
}

func date(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

func repeat(c *x509.Certificate, n int) []*x509.Certificate {
	all := make([]*x509.Certificate, n)
	for i := range all {
		all[i] = c
	}
	return all
}

// issuedByNoCA returns a certificate for chip 0 whose issuer is not allowed to sign certificates.
func issuedByNoCA(parent *x509.Certificate) *x509.Certificate {
	c := chip(0)
	return materialtest.Certificate(materialtest.LeafTemplate("sn"+strings.ToUpper(c.UniqueID), c.Key, "000000000000"), parent,
		&c.Key.PublicKey, customKey)
}

// onCurve returns a key of chip 0 on another curve, with its certificates.
func onCurve(curve elliptic.Curve, name string) material.Object {
	key := materialtest.KeyOn(curve, "vectors "+curve.Params().Name)
	return material.JWK("0", &key.PublicKey).And("x5c", materialtest.X5C(onKey(name, key), reel.Issuer))
}

func onKey(name string, key *ecdsa.PrivateKey) *x509.Certificate {
	return materialtest.Certificate(materialtest.LeafTemplate(name, key, "000000000000"), reel.Issuer, &key.PublicKey, reel.IssuerKey)
}

// onEdwards returns a key of chip 0 of type OKP, with its certificates.
func onEdwards(name string) material.Object {
	key := ed25519.NewKeyFromSeed(materialtest.Bytes("vectors ed25519", ed25519.SeedSize))
	template := materialtest.LeafTemplate(name, chip(0).Key, "000000000000")
	public := key.Public()
	c := materialtest.Certificate(template, reel.Issuer, public, reel.IssuerKey)
	return material.Object{}.With("kid", "0").With("kty", "OKP").With("crv", "Ed25519").With("x", material.URL64(public.(ed25519.PublicKey))).
		With("x5c", materialtest.X5C(c, reel.Issuer))
}
