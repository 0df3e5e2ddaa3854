package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"

	"github.com/thingpress/thingpress/internal/forge"
)

// chip is a part of the reel.
func chip(index int) forge.Chip { return reel.Chip(index) }

// content is the payload of a chip with one key, which keeps vectors small.
func content(index int) forge.Object {
	c := chip(index)
	return reel.PayloadOf(c.UniqueID, deviceKey(index))
}

// deviceKey is the key of a chip with its certificates.
func deviceKey(index int) forge.Object {
	c := chip(index)
	return forge.JWK("0", &c.Key.PublicKey).And("x5c", forge.X5C(c.Leaf, reel.Issuer))
}

// good is the signed entry of a chip.
func good(index int) forge.Object { return sign(index, content(index)) }

// sign signs a payload for a chip.
func sign(index int, payload forge.Object) forge.Object {
	return reel.Sign(chip(index).UniqueID, payload)
}

// protect signs the payload of chip 0 under another protected header.
func protect(protected forge.Object) forge.Object {
	return forge.SignText(protected, forge.JSON(content(0)), reel.SignerKey).Named(chip(0).UniqueID)
}

// header is the usual protected header.
func header() forge.Object { return forge.Protected(reel.Signer) }

// withKeys signs an entry of chip 0 with other keys.
func withKeys(keys ...forge.Object) forge.Object {
	return sign(0, reel.PayloadOf(chip(0).UniqueID, keys...))
}

// withChain signs an entry of chip 0 whose key has other certificates.
func withChain(chain ...*x509.Certificate) forge.Object {
	return withKeys(forge.JWK("0", &chip(0).Key.PublicKey).And("x5c", forge.X5C(chain...)))
}

// leaf issues a certificate for chip 0 from a changed template.
func leaf(name string, change func(*x509.Certificate)) *x509.Certificate {
	key := chip(0).Key
	template := forge.LeafTemplate(name, key, "000000000000")
	if change != nil {
		change(template)
	}
	return forge.Certificate(template, reel.Issuer, &key.PublicKey, reel.IssuerKey)
}

// Another authority than Microchip's, as customers of TrustFLEX parts have.
var (
	customKey  = forge.Key("vectors custom issuer")
	customRoot = forge.Key("vectors custom root")
	custom     = forge.Certificate(authority("Example Device CA"), forge.Certificate(authority("Example Root CA"), nil, &customRoot.PublicKey, customRoot), &customKey.PublicKey, customRoot)
)

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Example Ltd"}, CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

// customLeaf is a certificate of the other authority.
func customLeaf(name string, key *ecdsa.PrivateKey) *x509.Certificate {
	template := forge.LeafTemplate(name, key, "000000000000")
	template.Subject = pkix.Name{Organization: []string{"Example Ltd"}, CommonName: name}
	return forge.Certificate(template, custom, &key.PublicKey, customKey)
}
