package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// jwsVectors returns rows M1 to M10: headers and signatures.
func jwsVectors() []*vector {
	attacker := materialtest.NewReel("attacker")
	e := good(0)
	return slices.Concat([]*vector{
		bad("m01-alg-none", "bad-algorithm", `alg "none"`, "alg none with an empty signature",
			protect(header().With("alg", "none")).With("signature", "")),
		bad("m01-alg-none-signed", "bad-algorithm", `alg "none"`, "alg none beside a valid signature", protect(header().With("alg", "none"))),
		bad("m01-empty-signature", "bad-signature", "0 bytes", "a good header and an empty signature", e.With("signature", "")),
		bad("m02-hs256-pem", "bad-algorithm", `alg "HS256"`, "HMAC with the signer's PEM as key", confused(materialtest.PEM(reel.Signer))),
		bad("m02-hs256-der", "bad-algorithm", `alg "HS256"`, "HMAC with the signer's DER as key", confused(reel.Signer.Raw)),
		bad("m02-hs256-spki", "bad-algorithm", `alg "HS256"`, "HMAC with the signer's public key as key",
			confused(reel.Signer.RawSubjectPublicKeyInfo)),
		bad("m03-rs256", "bad-algorithm", `alg "RS256"`, "an algorithm that the signer's key is not for", protect(header().With("alg", "RS256"))),
		bad("m03-es384", "bad-algorithm", `alg "ES384"`, "an algorithm that the signer's key is not for", protect(header().With("alg", "ES384"))),
		bad("m03-lower-case", "bad-algorithm", `alg "es256"`, "algorithms are case-sensitive (RFC 7515, 4.1.1)",
			protect(header().With("alg", "es256"))),
		bad("m04-alg-unprotected", "bad-algorithm", "no alg", "alg stands in the unsigned header only",
			unprotected(protect(header().Without("alg")), "alg", "ES256")),
		bad("m04-kid-unprotected", "unknown-signer", "kid", "kid stands in the unsigned header only",
			unprotected(protect(header().Without("kid")), "kid", header().Text("kid"))),
		bad("m04-alg-in-both", "bad-header", `"alg"`, "the two headers must not share a name (RFC 7515, 7.2.1)", unprotected(e, "alg", "ES256")),
		bad("m04-crit-unprotected", "bad-header", `"crit"`, "crit must be protected", unprotected(e, "crit", []string{"alg"})),
		fine("m05-key-references-ignored", "jwk, jku, x5u and x5c of the header are passed over; the given signer verifies",
			protect(header().And("jwk", material.JWK("0", &attacker.SignerKey.PublicKey)).And("jku", "https://attacker.example/keys").
				And("x5u", "https://attacker.example/cert").And("x5c", materialtest.X5C(attacker.Signer)))),
		bad("m05-jwk-of-attacker", "bad-signature", "does not verify", "the header brings the key that verifies, under the given signer's name",
			material.SignText(header().And("jwk", material.JWK("0", &attacker.SignerKey.PublicKey)), material.JSON(content(0)), attacker.SignerKey)),
		bad("m05-x5c-of-attacker", "unknown-signer", "not among the signers", "the header brings the certificate that verifies",
			material.SignText(material.Protected(attacker.Signer).And("x5c", materialtest.X5C(attacker.Signer)), material.JSON(content(0)),
				attacker.SignerKey)),
		bad("m06-crit-unknown", "bad-header", `"crit"`, "crit names an extension that nobody knows",
			protect(header().And("crit", []string{"exp"}).And("exp", 1))),
		bad("m06-crit-empty", "bad-header", `"crit"`, "crit must not be empty", protect(header().And("crit", []string{}))),
		bad("m06-b64-false", "bad-header", "b64", "an unencoded payload (RFC 7797)", protect(header().And("b64", false))),
		bad("m07-wrong-kid", "signer-mismatch", "kid does not", "x5t#S256 is right, kid is another's",
			protect(header().With("kid", material.URL64(attacker.Signer.SubjectKeyId)))),
		bad("m07-wrong-fingerprint", "signer-mismatch", "x5t#S256 does not", "kid is right, x5t#S256 is another's",
			protect(header().With("x5t#S256", material.Protected(attacker.Signer).Text("x5t#S256")))),
		bad("m08-unknown-signer", "unknown-signer", "not among the signers", "a manifest that somebody signed himself",
			attacker.Sign(chip(0).UniqueID, content(0))),
		bad("m08-test-signer", "unknown-signer", `"Log Signer Test"`, "Microchip's test signer is named, and not for real devices",
			protect(header().With("kid", "AAAAAAAAAAAAAAAAAAAAAAAAAAA").With("x5t#S256", "VaTG1FZ5xgnBQuxSadWObXTH2hPRLjHT-4DzVaJM3oo"))),
		bad("m08-known-signer-not-given", "unknown-signer", `"Manifest Signer 005"`, "a public signer that was not given is named",
			protect(header().With("kid", "TCnpnzYB8M3CO776ByPJ2yX3KYo").With("x5t#S256", "Vx2ZhBEX46-zTyiIYEWQP6eFzCg90ugGjh5epGBM4OM"))),
		bad("m08-no-fingerprint", "unknown-signer", "x5t#S256", "the protected header does not say whose certificate",
			protect(header().Without("x5t#S256"))),
	}, signatureVectors(e), []*vector{
		bad("m10-bit-flipped", "bad-signature", "changed after it was signed", "one bit of the payload is another",
			e.With("payload", flip(e.Text("payload")))),
		bad("m10-reserialised", "bad-signature", "changed after it was signed", "the same payload, written with white space",
			e.With("payload", spaced(content(0)))),
		bad("m10-padded", "bad-encoding", "base64url", "base64url with padding has a second text for the same bytes",
			e.With("signature", e.Text("signature")+"==")),
		bad("m10-stray-bits", "bad-encoding", "base64url", "bits behind the last byte of the signature are not zero",
			e.With("signature", strayBits(e.Text("signature")))),
		bad("m10-line-end", "bad-encoding", "line ends", "a line end inside the payload",
			e.With("payload", e.Text("payload")[:8]+"\n"+e.Text("payload")[8:])),
	})
}

// signatureVectors returns row M9.
func signatureVectors(e material.Object) []*vector {
	raw, err := base64.RawURLEncoding.DecodeString(e.Text("signature"))
	if err != nil {
		panic(err)
	}
	r, s := raw[:32], raw[32:]
	order := reel.SignerKey.Params().N
	zero := make([]byte, 32)
	highS := new(big.Int).Sub(order, new(big.Int).SetBytes(s)).FillBytes(make([]byte, 32))
	if new(big.Int).SetBytes(s).Cmp(new(big.Int).SetBytes(highS)) > 0 {
		s, highS = highS, s
	}
	asDER, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)})
	if err != nil {
		panic(err)
	}
	beyond := new(big.Int).Add(order, big.NewInt(1)).FillBytes(make([]byte, 32))
	signed := func(parts ...[]byte) material.Object {
		return e.With("signature", material.URL64(slices.Concat(parts...)))
	}
	return []*vector{
		bad("m09-61-bytes", "bad-signature", "61 bytes", "too short", signed(raw[:61])),
		bad("m09-63-bytes", "bad-signature", "63 bytes", "too short", signed(raw[:63])),
		bad("m09-65-bytes", "bad-signature", "65 bytes", "too long", signed([]byte{0}, raw)),
		bad("m09-der", "bad-signature", "ES256 has 64", "ASN.1 in place of r and s", signed(asDER)),
		bad("m09-zero-r", "bad-signature", "does not verify", "r is zero", signed(zero, s)),
		bad("m09-zero-s", "bad-signature", "does not verify", "s is zero", signed(r, zero)),
		bad("m09-zero", "bad-signature", "does not verify", "r and s are zero", signed(zero, zero)),
		bad("m09-r-beyond-order", "bad-signature", "does not verify", "r is not below the group order", signed(beyond, s)),
		bad("m09-s-beyond-order", "bad-signature", "does not verify", "s is not below the group order", signed(r, beyond)),
		fine("m09-low-s", "s in the lower half of the group order", signed(r, s)),
		fine("m09-high-s", "s in the upper half is valid in JWS, too", signed(r, highS)),
	}
}

// confused returns an entry with an HMAC over a public key.
func confused(key []byte) material.Object {
	e := protect(header().With("alg", "HS256"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(e.Text("protected") + "." + e.Text("payload")))
	return e.With("signature", material.URL64(mac.Sum(nil)))
}

// unprotected adds a member to the unsigned header.
func unprotected(e material.Object, name string, value any) material.Object {
	return e.With("header", material.Object{}.With("uniqueId", chip(0).UniqueID).With(name, value))
}

// flip changes a bit of the text so that it stays base64url.
func flip(text string) string {
	i := strings.IndexByte(text[64:], 'b') + 64
	return text[:i] + "c" + text[i+1:]
}

// strayBits sets an unused bit of the last character.
func strayBits(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + alphabet[last|1:last|1+1]
}

// spaced returns a payload as another tool would write it.
func spaced(payload material.Object) string {
	text, err := json.MarshalIndent(payload, "", " ")
	if err != nil {
		panic(err)
	}
	return material.URL64(text)
}
