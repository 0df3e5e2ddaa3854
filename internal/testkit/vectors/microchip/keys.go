package main

import (
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// keyVectors returns rows M21, M22, M24 and M27: which key is the device's, and
// how keys are written.
func keyVectors() []*vector {
	c := chip(0)
	id := c.UniqueID
	name := "sn" + strings.ToUpper(id)
	unit := materialtest.Key("vectors wpc unit")
	unitKey := material.JWK("0", &unit.PublicKey).And("x5c", materialtest.X5C(reel.Leaf("Qi Unit 1", unit, "000000000000"), reel.Issuer))
	tlsKey := deviceKey(0).With("kid", "3")
	two := []material.Object{unitKey, tlsKey}
	slot := func(s string) func(*options) { return func(o *options) { o.Slot = s } }
	wpc := func(keys ...material.Object) material.Object {
		return sign(0, reel.PayloadOf(id, keys...).With("partNumber", "ECC608-TFLXWPC"))
	}
	chosen := func(name, note, s string, o material.Object) *vector {
		return vec(name, "N", note, materialtest.Array(o)).device(0).with(slot(s))
	}
	chainOf := func(change func(string) string) material.Object {
		chain := materialtest.X5C(c.Leaf, reel.Issuer)
		return withKeys(deviceKey(0).With("x5c", []string{change(chain[0]), change(chain[1])}))
	}
	plain := material.JWK("0", &c.Key.PublicKey)
	point := func(x, y string) material.Object { return withKeys(deviceKey(0).With("x", x).With("y", y)) }
	short := shortCoordinate()
	jwe := material.Object{}.With("keys", []material.Object{material.Object{}.With("protected", "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0").
		With("recipients", []material.Object{material.Object{}.With("header", material.Object{}.With("alg", "ECDH-ES+A128KW").With("kid", "1")).
			With("encrypted_key", "AAAA")}).
		With("iv", "AAAA").With("ciphertext", "AAAA").With("tag", "AAAA")})
	rsa := material.Object{}.With("kid", "5").With("kty", "RSA").With("n", "AQAB").With("e", "AQAB")
	return []*vector{
		bad("m21-two-certificates", "slot-required", "nothing says which", "two keys have certificates", withKeys(two...)),
		chosen("m21-two-certificates-slot", "two keys have certificates, and the slot is given", "3", withKeys(two...)),
		vec("m21-slot-without-certificate", "E", "the chosen slot has no certificate", materialtest.Array(withKeys(plain, tlsKey))).
			rejected("no-certificate", `slot "0" has no certificate; there is one in slot "3"`).with(slot("0")),
		vec("m21-slot-twice", "E", "two keys with certificates claim the chosen slot",
			materialtest.Array(withKeys(tlsKey, unitKey.With("kid", "3")))).
			rejected("several-certificates", "two keys").with(slot("3")),
		vec("m21-slot-of-one", "N", "the slot is given although there is no choice", materialtest.Array(good(0))).device(0).with(slot("0")),
		bad("m21-wireless-charging", "slot-required", "wireless charging",
			"a part for wireless charging with one certificate, which may be the product unit's", wpc(unitKey)),
		chosen("m21-wireless-charging-slot", "a part for wireless charging, and the slot is given", "3", wpc(two...)),
		fine("m21-other-slot", "the only certificate is on another key than 0, as in LoRaWAN parts",
			withKeys(material.JWK("0", &unit.PublicKey), deviceKey(0).With("kid", "1"))),
		bad("m22-lite", "no-certificate", "Lite manifest", "payload version 2 has no keys",
			sign(0, content(0).With("version", 2).Without("publicKeySet"))),
		bad("m22-no-key-set", "no-certificate", "none of the 0 keys", "version 1 without publicKeySet",
			sign(0, content(0).Without("publicKeySet"))),
		bad("m22-no-keys", "no-certificate", "none of the 0 keys", "an empty list of keys", withKeys()),
		bad("m22-empty-chain", "no-certificate", "none of the 1 keys", "a key with an empty x5c", withKeys(plain.And("x5c", []string{}))),
		bad("m22-no-chain", "no-certificate", "none of the 1 keys", "a key without x5c", withKeys(plain)),
		bad("m22-keys-not-array", "malformed-entry", "publicKeySet.keys", "keys is an object",
			sign(0, content(0).With("publicKeySet", material.Object{}.With("keys", material.Object{})))),
		bad("m22-key-not-object", "malformed-entry", "publicKeySet", "a key is a number",
			sign(0, content(0).With("publicKeySet", material.Object{}.With("keys", []int{1})))),
		bad("m22-chain-not-text", "malformed-entry", "x5c", "an element of x5c is a number", withKeys(plain.And("x5c", []int{1}))),
		fatal("m24-jwk-d", "private-key", "member d", "a key of the payload is private",
			materialtest.Array(withKeys(deviceKey(0).And("d", "c2VjcmV0")))),
		vec("m24-jwk-d-later", "F", "the same behind a good entry", materialtest.Array(good(1), withKeys(deviceKey(0).And("d", "c2VjcmV0")))).
			device(1).ends("private-key", "member d"),
		fatal("m24-jwk-k", "private-key", "member k", "a key of the payload is a symmetric one",
			materialtest.Array(withKeys(deviceKey(0), material.Object{}.With("kid", "6").With("kty", "oct").With("k", "c2VjcmV0")))),
		fatal("m24-jwk-d-escaped", "private-key", "member d", "an escape hides the name", materialtest.Array(escapedD())),
		fatal("m24-jwk-d-unsigned", "private-key", "member d", "a private key counts in an entry that nobody signed, too",
			materialtest.Array(withKeys(deviceKey(0).And("d", "c2VjcmV0")).With("signature", ""))),
		fatal("m24-jwk-d-in-header", "private-key", "member d", "a private key in the unsigned header",
			materialtest.Array(unprotected(good(0), "jwk", plain.And("d", "c2VjcmV0")))),
		fatal("m24-jwk-d-in-protected", "private-key", "member d", "a private key in the protected header",
			materialtest.Array(protect(header().And("jwk", plain.And("d", "c2VjcmV0"))))),
		fatal("m24-pem-in-payload", "private-key", "PRIVATE KEY", "a PEM block in a member of the payload",
			materialtest.Array(sign(0, content(0).And("note", pemKey)))),
		fatal("m24-pem-in-entry", "private-key", "PRIVATE KEY", "a PEM block in a member of the entry",
			materialtest.Array(good(0).And("note", pemKey))),
		fatal("m24-pem-in-base64", "private-key", "PRIVATE KEY", "a PEM block in base64 in a member of the payload",
			materialtest.Array(sign(0, content(0).And("note", base64.StdEncoding.EncodeToString([]byte(pemKey)))))),
		fatal("m24-pem-in-base64-unsigned", "private-key", "PRIVATE KEY", "the same in a member of the entry",
			materialtest.Array(good(0).And("note", base64.StdEncoding.EncodeToString([]byte(pemKey))))),
		fatal("m24-der-in-chain", "private-key", "place of a certificate", "a private key in DER, where the certificate ought to be",
			materialtest.Array(withKeys(deviceKey(0).With("x5c", []string{base64.StdEncoding.EncodeToString(derKey())})))),
		vec("m24-pem-behind", "F", "a PEM block behind the array weighs more than that something is there",
			append(materialtest.Array(good(0)), pemKey...)).device(0).ends("private-key", "PRIVATE KEY"),
		fatal("m24-pem-behind-break", "private-key", "PRIVATE KEY", "a PEM block behind the place where the JSON breaks",
			append([]byte(`[{"header":!}]`), pemKey...)),
		fine("m24-encrypted-key-set", "an encrypted key set (JWE) is passed over", sign(0, content(0).And("encryptedSecretKeySet", jwe))),
		fine("m27-base64url", "x5c in base64url without padding", chainOf(func(s string) string {
			return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "=")
		})),
		fine("m27-line-wrapped", "x5c wrapped at 64 characters", chainOf(wrap64)),
		bad("m27-not-base64", "bad-encoding", "x5c", "x5c is not base64", chainOf(func(s string) string { return "!" + s[1:] })),
		fine("m27-padded-coordinates", "x and y with padding, as in real parts of 2019", point(plain.Text("x")+"=", plain.Text("y")+"=")),
		vec("m27-short-coordinate", "N", "x without its leading zero byte, as some tools write it", materialtest.Array(short.entry)).
			named(short.id, "sn"+strings.ToUpper(short.id)),
		bad("m27-off-curve", "key-mismatch", "another key", "x and y are not a point of the curve", point(plain.Text("x"), plain.Text("x"))),
		fine("m27-other-keys", "RSA and OKP keys without certificate are passed over", withKeys(deviceKey(0), rsa, rsa.With("kty", "OKP"))),
		warned("m27-unknown-member", "a member of the payload that the format does not have", sign(0, content(0).And("deviceConfig", "AA")),
			"unknown-field"),
		warned("m27-unknown-members", "two members of the payload that the format does not have",
			sign(0, content(0).And("deviceConfig", "AA").And("lot", 7)), "unknown-field"),
		warned("m27-unknown-member-of-entry", "a member of the entry that the format does not have", good(0).And("comment", name),
			"unknown-field"),
	}
}

// pemKey is the armour of a private key without a key in it.
const pemKey = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"

// derKey returns a private key that only this vector uses.
func derKey() []byte {
	der, err := x509.MarshalECPrivateKey(materialtest.Key("vectors leaked"))
	if err != nil {
		panic(err)
	}
	return der
}

func wrap64(text string) string {
	var b strings.Builder
	for len(text) > 64 {
		b.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	return b.String() + text
}

// escapedD returns an entry with a private member under an escaped name.
func escapedD() material.Object {
	text := replace(material.JSON(reel.PayloadOf(chip(0).UniqueID, deviceKey(0).And("private", "c2VjcmV0"))), `"private"`, `"\u0064"`)
	return material.SignText(header(), text, reel.SignerKey).Named(chip(0).UniqueID)
}

// shortCoordinate returns an entry of a chip whose x begins with a zero byte, which is omitted.
func shortCoordinate() (found struct {
	id    string
	entry material.Object
},
) {
	for index := 100; ; index++ {
		c := chip(index)
		key := material.JWK("0", &c.Key.PublicKey)
		// "AA" to "AP" begin the base64 of a zero byte.
		if x := key.Text("x"); strings.HasPrefix(x, "AA") || x[0] == 'A' && x[1] <= 'P' {
			found.id = c.UniqueID
			found.entry = reel.Sign(c.UniqueID, reel.PayloadOf(c.UniqueID,
				key.With("x", withoutFirstByte(x)).And("x5c", materialtest.X5C(c.Leaf, reel.Issuer))))
			return found
		}
	}
}
