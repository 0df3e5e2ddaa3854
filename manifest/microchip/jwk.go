package microchip

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
)

// A jwk is one public key of a chip (PublicJWK), in the encoding of the manifest,
// which it aliases. Keys without a certificate are not checked.
type jwk struct {
	slot []byte // kid: the number of the slot
	kty  []byte
	crv  []byte
	x, y []byte // EC
	n, e []byte // RSA
	x5c  [][]byte
}

// parseKeySet reads publicKeySet. The keys are valid until the next payload.
func (p *parser) parseKeySet(c *payload) error {
	return p.Object("publicKeySet", []string{"keys"}, func(name []byte) error {
		if string(name) != "keys" {
			return p.Skip()
		}
		return p.Array("publicKeySet.keys", func() error {
			p.keys = append(p.keys, jwk{})
			c.keys = p.keys
			return p.parseKey(&p.keys[len(p.keys)-1])
		})
	})
}

var keyNames = []string{"kid", "kty", "crv", "x5c"}

func (p *parser) parseKey(key *jwk) error {
	return p.Object("a key of publicKeySet", keyNames, func(name []byte) (err error) {
		switch string(name) {
		case "kid":
			key.slot, err = p.Text("kid of a key")
		case "kty":
			key.kty, err = p.Text("kty of a key")
		case "crv":
			key.crv, err = p.Text("crv of a key")
		case "x":
			key.x, err = p.Text("x of a key")
		case "y":
			key.y, err = p.Text("y of a key")
		case "n":
			key.n, err = p.Text("n of a key")
		case "e":
			key.e, err = p.Text("e of a key")
		case "x5c":
			if p.Kind() == jsontext.KindNull {
				return p.Skip()
			}
			return p.Array("x5c", func() error {
				text, err := p.Text("an element of x5c")
				key.x5c = append(key.x5c, text)
				return err
			})
		default:
			err = p.Skip()
		}
		return err
	})
}

// quotedSlot returns the name of the slot for messages.
func (k *jwk) quotedSlot() string { return manifest.Quote(string(k.slot)) }

// matches returns an error unless the public key of the certificate is the key of the entry.
func (k *jwk) matches(certificate *x509.Certificate) error {
	switch string(k.kty) {
	case "EC":
		if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok && k.matchesEC(key, certificate.RawSubjectPublicKeyInfo) {
			return nil
		}
	case "RSA":
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && same(k.n, key.N.Bytes()) && same(k.e, big.NewInt(int64(key.E)).Bytes()) {
			return nil
		}
	default:
		return manifest.Errorf(manifest.ReasonUnsupportedKey,
			"the key in slot %s is of type %s; AWS IoT takes EC and RSA", k.quotedSlot(), manifest.Quote(string(k.kty)))
	}
	return manifest.Errorf(manifest.ReasonKeyMismatch,
		"the certificate is for another key than the one in slot %s of the entry", k.quotedSlot())
}

// matchesEC compares the point with the end of the SubjectPublicKeyInfo:
// crypto/x509 parses only uncompressed points.
func (k *jwk) matchesEC(key *ecdsa.PublicKey, info []byte) bool {
	size := (key.Params().BitSize + 7) / 8
	if string(k.crv) != key.Params().Name || len(info) < 2*size {
		return false
	}
	point := info[len(info)-2*size:]
	return same(k.x, point[:size]) && same(k.y, point[size:])
}

// same compares a number in base64 with its bytes. Some tools omit leading zeros, or add padding.
func same(text, want []byte) bool {
	var buffer [96]byte
	if bytes.Equal(text, base64.RawURLEncoding.AppendEncode(buffer[:0], want)) {
		return true
	}
	got, err := armour.Base64(text)
	return err == nil && len(got) > 0 && bytes.Equal(bytes.TrimLeft(got, "\x00"), bytes.TrimLeft(want, "\x00"))
}
