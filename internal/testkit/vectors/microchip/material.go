package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// chip returns a part of the reel.
func chip(index int) materialtest.Chip { return reel.Chip(index) }

// content returns the payload of a chip with one key, which keeps vectors small.
func content(index int) material.Object {
	c := chip(index)
	return reel.PayloadOf(c.UniqueID, deviceKey(index))
}

// deviceKey returns the key of a chip with its certificates.
func deviceKey(index int) material.Object {
	c := chip(index)
	return material.JWK("0", &c.Key.PublicKey).And("x5c", materialtest.X5C(c.Leaf, reel.Issuer))
}

// good returns the signed entry of a chip.
func good(index int) material.Object { return sign(index, content(index)) }

// sign signs a payload for a chip.
func sign(index int, payload material.Object) material.Object {
	return reel.Sign(chip(index).UniqueID, payload)
}

// protect signs the payload of chip 0 under another protected header.
func protect(protected material.Object) material.Object {
	return material.SignText(protected, material.JSON(content(0)), reel.SignerKey).Named(chip(0).UniqueID)
}

// header returns the usual protected header.
func header() material.Object { return material.Protected(reel.Signer) }

// withKeys signs an entry of chip 0 with other keys.
func withKeys(keys ...material.Object) material.Object {
	return sign(0, reel.PayloadOf(chip(0).UniqueID, keys...))
}

// withChain signs an entry of chip 0 whose key has other certificates.
func withChain(chain ...*x509.Certificate) material.Object {
	return withKeys(material.JWK("0", &chip(0).Key.PublicKey).And("x5c", materialtest.X5C(chain...)))
}

// leaf issues a certificate for chip 0 from a changed template.
func leaf(name string, change func(*x509.Certificate)) *x509.Certificate {
	key := chip(0).Key
	template := materialtest.LeafTemplate(name, key, "000000000000")
	if change != nil {
		change(template)
	}
	return materialtest.Certificate(template, reel.Issuer, &key.PublicKey, reel.IssuerKey)
}

// An authority other than Microchip's, like those of TrustFLEX customers.
var (
	customKey  = materialtest.Key("vectors custom issuer")
	customRoot = materialtest.Key("vectors custom root")
	custom     = materialtest.Certificate(authority("Example Device CA"),
		materialtest.Certificate(authority("Example Root CA"), nil, &customRoot.PublicKey, customRoot), &customKey.PublicKey, customRoot)
)

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Example Ltd"}, CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

// customLeaf returns a certificate of the other authority.
func customLeaf(name string, key *ecdsa.PrivateKey) *x509.Certificate {
	template := materialtest.LeafTemplate(name, key, "000000000000")
	template.Subject = pkix.Name{Organization: []string{"Example Ltd"}, CommonName: name}
	return materialtest.Certificate(template, custom, &key.PublicKey, customKey)
}
